import { nameSpaceCrash, nameSpaceMachine } from "../../../../../src/machines/named-peers/nameSpace/nameSpace.ts"
import type { Claim, Holder, SpaceContext } from "../../../../../src/machines/named-peers/nameSpace/nameSpaceContext.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"

const space = "studio-7"
const probeWithinMs = 50

const holdersOf = (snapshot: any): readonly Holder[] => snapshot?.context.holders ?? []
const namesOf = (snapshot: any) => holdersOf(snapshot).map(({ peerId, name }) => [peerId, name])
const isOver = (snapshot: any): boolean => snapshot?.status === "done"
const claimsOf = (holders: readonly Holder[]): readonly Claim[] => holders.flatMap(({ claimants }) => claimants)
const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)

const isClaim = is("peer.claim")
const isDraining = (step: Step) => is("server.draining")(step) && step.before.value === "peopled"
const holderNamed = ({ before }: Step, name: string) => holdersOf(before).find((holder) => holder.name === name)
/** Who has the wanted name. */
const rival = (step: Step) => (isClaim(step) ? holderNamed(step, step.event.name) : undefined)
const hasKey = (step: Step): boolean =>
  rival(step) !== undefined && step.event.key !== null && step.event.key === rival(step)!.key
const isFull = ({ before }: Step): boolean => holdersOf(before).length >= before.context.most
const admits = (step: Step): boolean => isClaim(step) && rival(step) === undefined && !isFull(step)

const leaver = (step: Step): Holder | undefined =>
  is("peer.leave")(step) ? holdersOf(step.before).find(({ peerId }) => peerId === step.event.peerId) : undefined
/** Who has answered, or not, the question that it was asked last. */
const asked = (step: Step): Holder | undefined =>
  is("holder.answered", "holder.silent")(step)
    ? holdersOf(step.before).find(({ peerId, probe }) => peerId === step.event.peerId && probe === step.event.probe)
    : undefined

/** Whose name goes to somebody else in this step, and to whom. */
const succession = (
  step: Step
): { readonly holder: Holder; readonly heir: Claim; readonly isThere: boolean } | null => {
  if (hasKey(step)) return { holder: rival(step)!, heir: step.event, isThere: true }
  const silent = is("holder.silent")(step) ? asked(step) : undefined
  if (silent?.claimants[0] !== undefined) return { holder: silent, heir: silent.claimants[0], isThere: true }
  const left = leaver(step)
  return left?.claimants[0] === undefined ? null : { holder: left, heir: left.claimants[0], isThere: false }
}
/** Who is in the list in this step for the last time, and who for the first. */
const goer = (step: Step) => succession(step)?.holder ?? leaver(step)
const comer = (step: Step): Claim | undefined => succession(step)?.heir ?? (admits(step) ? step.event : undefined)

/** Whose waiting is over without the name. */
const disappointed = (step: Step): readonly string[] => {
  const taken = succession(step)
  if (taken !== null)
    return taken.holder.claimants.filter(({ peerId }) => peerId !== taken.heir.peerId).map(({ peerId }) => peerId)
  return (asked(step)?.claimants ?? []).map(({ peerId }) => peerId)
}
const isTurnedAway = (step: Step): boolean => isClaim(step) && rival(step) === undefined && isFull(step)
const mustWait = (step: Step): boolean => isClaim(step) && rival(step) !== undefined && !hasKey(step)
const recordsOf = (step: Step, name: string) => step.did("record").filter((event) => event.name === name)
const everyone = ["ann", "bob", "cid", "dee"]

const laws: readonly Law[] = [
  {
    sentence: "Should it crash, everybody in it and everybody who waits hears that it is lost.",
    holds: ({ after }) =>
      same(nameSpaceCrash({ id: space, error: "a fault", at: 80, context: after.context }), {
        tell: holdersOf(after)
          .flatMap(({ peerId, claimants }) => [peerId, ...claimants.map((claimant) => claimant.peerId)])
          .map((id) => ({ to: { kind: "namedPeers", id }, event: { type: "space.lost" } })),
        record: []
      }) && same(nameSpaceCrash({ id: space, error: "a fault", at: 80, context: undefined }), { tell: [], record: [] })
  },
  {
    sentence: "No name has two holders, no connection two names, and there are never more than there may be.",
    holds: ({ after }) => {
      const holders = holdersOf(after)
      return (
        new Set(holders.map(({ name }) => name)).size === holders.length &&
        new Set(holders.map(({ peerId }) => peerId)).size === holders.length &&
        holders.length <= after.context.most
      )
    }
  },
  {
    sentence: "Somebody waits only for a name that is contested, and once.",
    holds: ({ after }) => {
      const waiting = claimsOf(holdersOf(after)).map(({ peerId }) => peerId)
      return (
        new Set(waiting).size === waiting.length &&
        holdersOf(after).every(
          ({ probe, name, claimants }) =>
            (probe !== null || claimants.length === 0) && claimants.every((claimant) => claimant.name === name)
        )
      )
    }
  },
  {
    sentence: "It is there as long as somebody is in it, and ends when the last one goes or the server does.",
    holds: (step) => {
      const { before, after } = step
      if (before === undefined || (before.value === "unused" && !isClaim(step))) return after.value === "unused"
      return after.value === (holdersOf(after).length === 0 || isDraining(step) ? "empty" : "peopled")
    }
  },
  {
    sentence: "Whoever comes stands last in the list; whoever goes stands in it no longer; nobody else changes place.",
    holds: (step) => {
      const rest = namesOf(step.before).filter(([peerId]) => peerId !== goer(step)?.peerId)
      const newcomer = comer(step)
      return same(namesOf(step.after), [...rest, ...(newcomer === undefined ? [] : [[newcomer.peerId, newcomer.name]])])
    }
  },
  {
    sentence: "Each change of the list is announced once, the going before the coming, with the list as it is then.",
    holds: (step) => {
      const changes = step.effects.flatMap((effect) =>
        "did" in effect && /Peer$/.test(effect.did) ? [[effect.did, effect.with]] : []
      )
      const gone = goer(step)
      const come = comer(step)
      return same(changes, [
        ...(gone === undefined ? [] : [["removePeer", { space, peerId: gone.peerId, name: gone.name }]]),
        ...(come === undefined
          ? []
          : [
              [
                "admitPeer",
                { space, peerId: come.peerId, name: come.name, clients: holdersOf(step.after).map(({ name }) => name) }
              ]
            ])
      ])
    }
  },
  {
    sentence: "Whoever gets a name is told so, once, and its key and address are remembered with it.",
    holds: (step) => {
      const come = comer(step)
      const last = holdersOf(step.after).at(-1)
      return (
        everyone.every((id) =>
          same(step.told(id, "name.given"), id === come?.peerId ? [{ type: "name.given" }] : [])
        ) &&
        (come === undefined ||
          same(last, {
            peerId: come.peerId,
            name: come.name,
            key: come.key,
            address: come.address,
            probe: null,
            claimants: []
          }))
      )
    }
  },
  {
    sentence: "Whoever loses its name to somebody else while it is connected is told so, and nobody else is.",
    holds: (step) => {
      const taken = succession(step)
      const loser = taken?.isThere === true ? taken.holder.peerId : undefined
      return everyone.every((id) => same(step.told(id, "name.lost"), id === loser ? [{ type: "name.lost" }] : []))
    }
  },
  {
    sentence: "Whoever asks for a name that is held waits for it, behind those who wait already.",
    when: mustWait,
    holds: (step) => {
      const waiting = holdersOf(step.after).find(({ name }) => name === step.event.name)!.claimants
      const { peerId, name, key, address } = step.event
      return same(waiting, [...rival(step)!.claimants, { peerId, name, key, address }])
    }
  },
  {
    sentence: "A holder is asked for a sign of life when somebody wants its name and it is not asked already.",
    holds: (step) => {
      const question = mustWait(step) && rival(step)!.probe === null ? rival(step) : undefined
      const probe = step.after.context.probes
      return (
        everyone.every((id) =>
          same(
            step.told(id, "name.wanted"),
            id === question?.peerId ? [{ type: "name.wanted", probe, withinMs: probeWithinMs }] : []
          )
        ) &&
        probe === (step.before?.context.probes ?? 0) + (question === undefined ? 0 : 1) &&
        (question === undefined ||
          holdersOf(step.after).find(({ peerId }) => peerId === question.peerId)!.probe === probe)
      )
    }
  },
  {
    sentence: "Nobody who is there is told of what others want of it in vain.",
    when: (step) => mustWait(step) || isTurnedAway(step),
    holds: (step) =>
      step.did("admitPeer").length === 0 && step.did("removePeer").length === 0 && step.did("record").length === 0
  },
  {
    sentence:
      "Whoever has waited is refused once it is known that the holder lives, or that another one has got the name.",
    holds: (step) =>
      everyone.every((id) => {
        const refusals = [
          ...(disappointed(step).includes(id) ? [{ type: "name.refused", cause: "name_taken" }] : []),
          ...(isTurnedAway(step) && step.event.peerId === id ? [{ type: "name.refused", cause: "space_full" }] : [])
        ]
        return same(step.told(id, "name.refused"), refusals)
      })
  },
  {
    sentence: "The key is the only way to a name whose holder lives, and the holder's own.",
    when: (step) =>
      isClaim(step) &&
      rival(step) !== undefined &&
      holdersOf(step.after).some(({ peerId }) => peerId === step.event.peerId),
    holds: (step) => step.event.key !== null && rival(step)!.key === step.event.key
  },
  {
    sentence: "Nobody is forgotten: who waits goes on waiting, gets the name, is refused, or goes by itself.",
    when: (step) => !isDraining(step),
    holds: (step) => {
      const still = [...claimsOf(holdersOf(step.after)), ...holdersOf(step.after)].map(({ peerId }) => peerId)
      const settled = [...disappointed(step), ...(is("peer.leave")(step) ? [step.event.peerId] : [])]
      return claimsOf(holdersOf(step.before)).every(({ peerId }) => still.includes(peerId) || settled.includes(peerId))
    }
  },
  {
    sentence: "An answer to a question of old, or of somebody who was asked none, changes nothing.",
    when: (step) => is("holder.answered", "holder.silent")(step) && asked(step) === undefined,
    holds: (step) => step.effects.length === 0 && same(step.after.context, step.before.context)
  },
  {
    sentence: "Whoever has been asked and is still there is not contested any more.",
    when: (step) => asked(step) !== undefined && succession(step) === null,
    holds: (step) => {
      const { peerId } = asked(step)!
      const holder = holdersOf(step.after).find((each) => each.peerId === peerId)!
      return holder.probe === null && holder.claimants.length === 0
    }
  },
  {
    sentence: "Who waits no longer is forgotten, and who is unknown leaves nothing behind.",
    when: (step) => is("peer.leave")(step) && leaver(step) === undefined,
    holds: (step) =>
      step.effects.length === 0 &&
      same(
        step.after.context.holders,
        holdersOf(step.before).map((holder) => ({
          ...holder,
          claimants: holder.claimants.filter(({ peerId }) => peerId !== step.event.peerId)
        }))
      )
  },
  {
    sentence: "Each login, each going and each replacement is recorded once.",
    holds: (step) => {
      const come = comer(step)
      const gone = goer(step)
      const taken = succession(step)
      return (
        same(
          recordsOf(step, "named_peer:logged_in"),
          come === undefined
            ? []
            : [
                {
                  name: "named_peer:logged_in",
                  peerId: come.peerId,
                  peerName: come.name,
                  space,
                  ip: come.address
                }
              ]
        ) &&
        same(
          recordsOf(step, "named_peer:left"),
          gone === undefined ? [] : [{ name: "named_peer:left", peerId: gone.peerId, peerName: gone.name, space }]
        ) &&
        same(
          recordsOf(step, "named_peer:replaced"),
          taken?.isThere === true
            ? [
                {
                  name: "named_peer:replaced",
                  peerId: taken.holder.peerId,
                  peerName: taken.holder.name,
                  space,
                  by: taken.heir.peerId,
                  cause: is("holder.silent")(step) ? "silence" : "key"
                }
              ]
            : []
        )
      )
    }
  },
  {
    sentence:
      "When it is ended by hand everybody who is in it or waits hears so, once, and it stays until they have left; nobody hears so otherwise.",
    holds: (step) => {
      const isEnded = is("operator.ends")(step)
      const there = [...holdersOf(step.before), ...claimsOf(holdersOf(step.before))].map(({ peerId }) => peerId)
      return (
        everyone.every((id) =>
          same(step.told(id, "operator.ends"), isEnded && there.includes(id) ? [{ type: "operator.ends" }] : [])
        ) &&
        (!isEnded || same(step.after.context, step.before.context))
      )
    }
  },
  {
    sentence: "When the server goes nobody is told who is gone.",
    when: isDraining,
    holds: (step) => step.effects.length === 0 && isOver(step.after)
  }
]

/** One claim a connection, as its actor makes no second one. */
const claims: readonly (Claim & { readonly type: string })[] = [
  { peerId: "ann", name: "paris", key: "digest of a secret" },
  { peerId: "bob", name: "paris", key: "digest of a secret" },
  { peerId: "cid", name: "paris", key: null },
  { peerId: "dee", name: "nantes", key: null },
  { peerId: "dee", name: "paris", key: "digest of another" }
].map((claim) => ({ type: "peer.claim", address: `192.0.2.${claim.peerId.charCodeAt(0)}`, ...claim }))

const events = (snapshot: any) => {
  const holders = holdersOf(snapshot)
  const there = [...holders, ...claimsOf(holders)].map(({ peerId }) => peerId)
  const questions = [0, snapshot.context.probes - 1, snapshot.context.probes].filter((probe) => probe >= 0)
  return [
    ...claims.filter(({ peerId }) => !there.includes(peerId)),
    ...everyone.flatMap((peerId) => [
      { type: "peer.leave", peerId },
      ...[...new Set(questions)].flatMap((probe) => [
        { type: "holder.answered", peerId, probe },
        { type: "holder.silent", peerId, probe }
      ])
    ]),
    { type: "server.draining" },
    { type: "operator.ends" }
  ]
}

const settings = (): readonly Setting[] =>
  [1, 2].map((most) => ({
    name: most === 1 ? "of one name" : "of two names",
    input: { id: space, most, probeWithinMs },
    events
  }))

export const nameSpace: Subject = {
  name: "nameSpace",
  machine: nameSpaceMachine,
  adapters: { actions: ["admitPeer", "removePeer", "record"] },
  settings,
  facts: ({ context }: { context: SpaceContext }) =>
    context.holders.map(({ peerId, name, key, probe, claimants }) => [
      peerId,
      name,
      key,
      probe !== null,
      claimants.map((claimant) => [claimant.peerId, claimant.key])
    ]),
  laws
}
