/**
 * What three clients can do to each other, and what each of them hears of it: a model made from docs/protocols/named-peers.md
 * and not from the code.
 */
import { type Frame, isOfSeveral } from "../../../support/server.ts"

export const people = ["ann", "bob", "cid"] as const
export type Who = (typeof people)[number]

/** So many names may be in one space. */
export const mostNames = 2

const spaces = ["", "?space=studio-7"] as const
const names = ["paris", "__proto__", "lyon"] as const
const keys = [undefined, "one key", "another key"] as const
const nonsense = ["{", "[]", '{"type":5}', '{"type":"own"}', '{"type":"offer","target":null}'] as const

export type Step =
  | { readonly does: "connect"; readonly who: Who; readonly space: string }
  | { readonly does: "log in"; readonly who: Who; readonly name: string; readonly key: string | undefined }
  /** Two want the name of one who is silent, the first of them first. */
  | { readonly does: "compete"; readonly first: Who; readonly second: Who; readonly holder: Who; readonly name: string }
  | { readonly does: "say"; readonly who: Who; readonly target: string; readonly value: number }
  | { readonly does: "announce"; readonly who: Who; readonly value: number }
  | { readonly does: "babble"; readonly who: Who; readonly text: string }
  | { readonly does: "close" | "cut" | "fall silent" | "wake"; readonly who: Who }
  | { readonly does: "restart" }

/** What the contract says, as far as these steps can show it. */
/** Several servers do not end in one moment: whoever is at one that goes on is told of those who have gone. */
export const mayRestart = !isOfSeveral

export const rules = [
  "a free name is given, with the list, and told to all others",
  "a space that is full lets nobody else in",
  "an impossible name is refused",
  "a second login on one connection is refused",
  "a living holder keeps its name",
  "a living holder keeps its name from a wrong key",
  "its key takes a name over at once",
  "a silent holder loses its name to who asks for it",
  "of two who ask for the name of a silent one the first gets it",
  "a message reaches its target, from its sender",
  "a message to nobody is refused",
  "a message to somebody in another space only is refused",
  "an event reaches all others in the space",
  "nothing passes before the login",
  "nonsense is refused",
  "the end of a peer is told to all others, however it ends",
  "the end of who was not logged in is not told",
  "what was said to who is silent is there when it wakes",
  "the end of the server closes everybody"
] as const
export type Rule = (typeof rules)[number]

export interface Person {
  place: "away" | "stranger" | "peer"
  isSilent: boolean
  space: string
  name: string
  key: string | undefined
  /** What it has been sent and has not been looked at. */
  owed: Frame[]
  /** With which its socket must have been closed; null: it is open. */
  code: number | null
}

export class World {
  readonly people = new Map<Who, Person>(
    people.map((who) => [
      who,
      { place: "away", isSilent: false, space: "", name: "", key: undefined, owed: [], code: null }
    ])
  )
  /** Who is in each space, in order of login. */
  readonly #lists = new Map<string, Who[]>(spaces.map((space) => [space, []]))
  readonly followed = new Set<Rule>()

  of(who: Who): Person {
    return this.people.get(who) as Person
  }

  #list(space: string): Who[] {
    return this.#lists.get(space) as Who[]
  }

  #holder(space: string, name: string): Who | undefined {
    return this.#list(space).find((who) => this.of(who).name === name)
  }

  /** To all in a space but one. */
  #tellOthers(who: Who, frame: Frame): void {
    for (const other of this.#list(this.of(who).space)) if (other !== who) this.of(other).owed.push(frame)
  }

  #dismiss(who: Who, code: number): void {
    Object.assign(this.of(who), { place: "away", code })
  }

  #leave(who: Who): void {
    const { space, name } = this.of(who)
    this.#list(space).splice(this.#list(space).indexOf(who), 1)
    this.#tellOthers(who, { type: "peer_disconnected", peer: name })
  }

  #enter(who: Who, name: string, key: string | undefined): void {
    const person = this.of(who)
    this.#tellOthers(who, { type: "peer_connected", peer: name })
    this.#list(person.space).push(who)
    Object.assign(person, { place: "peer", name, key })
    const clients = this.#list(person.space).map((each) => this.of(each).name)
    person.owed.push({ type: "login_success", id: name, clients })
  }

  #replace(holder: Who, heir: Who, key: string | undefined): void {
    const { name } = this.of(holder)
    this.#leave(holder)
    this.#dismiss(holder, 4002)
    this.#enter(heir, name, key)
  }

  #refuse(who: Who, error: string, code: number): void {
    this.of(who).owed.push({ type: "error", error })
    this.#dismiss(who, code)
  }

  /** What may happen now. */
  steps(random: () => number): readonly Step[] {
    // Each takes as long as a hundred other steps.
    if (mayRestart && random() < 0.003) return [{ does: "restart" }]
    const value = Math.floor(random() * 1000)
    const all = people.flatMap((who): readonly Step[] => {
      const { place, isSilent } = this.of(who)
      if (place === "away") return spaces.map((space) => ({ does: "connect", who, space }))
      if (isSilent) return [{ does: "wake", who }]
      const ends = (["close", "cut"] as const).map((does) => ({ does, who }))
      const babble = nonsense.map((text) => ({ does: "babble" as const, who, text }))
      const says = names.map((target) => ({ does: "say" as const, who, target, value }))
      const logins = [...names, " paris"].flatMap((name) =>
        keys.map((key) => ({ does: "log in" as const, who, name, key }))
      )
      const others = [...says, ...says, { does: "announce" as const, who, value }, ...babble.slice(0, 2), ...ends]
      if (place === "peer") return [...others, ...babble, ...logins.slice(0, 2), ...says, { does: "fall silent", who }]
      return [...others, ...logins]
    })
    return [...all, ...this.#competitions()]
  }

  /** The two others are strangers in the space of one who is silent. */
  #competitions(): readonly Step[] {
    return people.flatMap((holder): readonly Step[] => {
      const { place, isSilent, space } = this.of(holder)
      const others = people.filter((who) => who !== holder)
      const canCompete = others.every((who) => {
        const other = this.of(who)
        return other.place === "stranger" && !other.isSilent && other.space === space
      })
      if (place !== "peer" || !isSilent || !canCompete) return []
      const [first, second] = others as [Who, Who]
      return [{ does: "compete", first, second, holder, name: this.of(holder).name }]
    })
  }

  /** What follows from a step. */
  take(step: Step): void {
    switch (step.does) {
      case "connect":
        return void Object.assign(this.of(step.who), { place: "stranger", space: step.space, code: null })
      case "log in":
        return this.#logIn(step.who, step.name, step.key)
      case "compete":
        this.#replace(step.holder, step.first, undefined)
        this.#refuse(step.second, "name_taken", 4000)
        return this.#follow("of two who ask for the name of a silent one the first gets it")
      case "say":
        return this.#say(step.who, step.target, step.value)
      case "announce":
        return this.#announce(step.who, step.value)
      case "babble":
        return this.#babble(step.who, step.text)
      case "close":
      case "cut":
        return this.#end(step.who, step.does)
      case "fall silent":
        this.of(step.who).isSilent = true
        return
      case "wake":
        this.of(step.who).isSilent = false
        if (this.of(step.who).owed.length > 0) this.#follow("what was said to who is silent is there when it wakes")
        return
      case "restart":
        return this.#restart()
    }
  }

  #follow(rule: Rule): void {
    this.followed.add(rule)
  }

  #logIn(who: Who, name: string, key: string | undefined): void {
    const person = this.of(who)
    if (person.place === "peer") {
      person.owed.push({ type: "error", error: "already_logged_in" })
      return this.#follow("a second login on one connection is refused")
    }
    if (name !== name.trim()) {
      this.#refuse(who, "invalid_name", 4001)
      return this.#follow("an impossible name is refused")
    }
    const holder = this.#holder(person.space, name)
    if (holder !== undefined) return this.#claim(who, holder, key)
    if (this.#list(person.space).length >= mostNames) {
      this.#dismiss(who, 1013)
      return this.#follow("a space that is full lets nobody else in")
    }
    this.#enter(who, name, key)
    this.#follow("a free name is given, with the list, and told to all others")
  }

  #claim(who: Who, holder: Who, key: string | undefined): void {
    const held = this.of(holder)
    if (key !== undefined && held.key === key) {
      this.#replace(holder, who, key)
      return this.#follow("its key takes a name over at once")
    }
    if (held.isSilent) {
      this.#replace(holder, who, key)
      return this.#follow("a silent holder loses its name to who asks for it")
    }
    this.#refuse(who, "name_taken", 4000)
    const hasWrongKey = key !== undefined && held.key !== undefined
    this.#follow(hasWrongKey ? "a living holder keeps its name from a wrong key" : "a living holder keeps its name")
  }

  /** Whether it may say anything to others. */
  #isHeard(who: Who): boolean {
    const person = this.of(who)
    if (person.place === "peer") return true
    person.owed.push({ type: "error", error: "not_logged_in" })
    this.#follow("nothing passes before the login")
    return false
  }

  #say(who: Who, target: string, value: number): void {
    if (!this.#isHeard(who)) return
    const { space, name, owed } = this.of(who)
    const receiver = this.#holder(space, target)
    if (receiver !== undefined) {
      this.of(receiver).owed.push({ type: "offer", target, value, from: name })
      return this.#follow("a message reaches its target, from its sender")
    }
    owed.push({ type: "error", error: "target_not_found", target })
    const isElsewhere = spaces.some((other) => this.#holder(other, target) !== undefined)
    this.#follow(
      isElsewhere ? "a message to somebody in another space only is refused" : "a message to nobody is refused"
    )
  }

  #announce(who: Who, value: number): void {
    if (!this.#isHeard(who)) return
    this.#tellOthers(who, { type: "stream_started", value, from: this.of(who).name })
    this.#follow("an event reaches all others in the space")
  }

  #babble(who: Who, text: string): void {
    const isFrame = text.startsWith('{"type":"')
    if (isFrame && !this.#isHeard(who)) return
    this.of(who).owed.push({ type: "error", error: "invalid_message" })
    this.#follow("nonsense is refused")
  }

  #end(who: Who, how: "close" | "cut"): void {
    const wasPeer = this.of(who).place === "peer"
    if (wasPeer) this.#leave(who)
    this.#dismiss(who, how === "close" ? 1005 : 1006)
    this.#follow(
      wasPeer
        ? "the end of a peer is told to all others, however it ends"
        : "the end of who was not logged in is not told"
    )
  }

  #restart(): void {
    for (const who of people) if (this.of(who).place !== "away") this.#dismiss(who, 1001)
    for (const space of spaces) this.#list(space).splice(0)
    this.#follow("the end of the server closes everybody")
  }
}
