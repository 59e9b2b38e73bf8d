import { nameSpaceCrash, nameSpaceMachine } from "../../../../../src/machines/named-peers/nameSpace/nameSpace.ts"
import type { Claim, Holder, SpaceContext } from "../../../../../src/machines/named-peers/nameSpace/nameSpaceContext.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"

const space = "studio-7"
const probeWithinMs = 50

const holdersOf = (snapshot: any): readonly Holder[] => snapshot?.context.holders ?? []
const namesOf = (snapshot: any) => holdersOf(snapshot).map(({ peerId, name }) => [peerId, name])
const isOver = (snapshot: any): boolean => snapshot?.status === "done"
const everyoneOf = (snapshot: any): readonly string[] => {
  const holders = holdersOf(snapshot)
  return [...holders, ...claimsOf(holders)].map(({ peerId }) => peerId)
}
const claimsOf = (holders: readonly Holder[]): readonly Claim[] => holders.flatMap(({ claimants }) => claimants)
const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)

const isFull = ({ before }: Step): boolean => holdersOf(before).length >= before.context.most
const isResuming = (snapshot: any): boolean => snapshot?.value === "resuming"
/** Who comes while it is put together again is heard once the others know who is there. */
const memberOf = ({ before }: Step, peerId: string): boolean =>
  [...holdersOf(before), ...claimsOf(holdersOf(before))].some((member) => member.peerId === peerId)
/** It asks again, as it may not have heard the answer. */
const isRepeated = (step: Step): boolean => is("peer.claim")(step) && memberOf(step, step.event.peerId)
const isClaim = (step: Step): boolean => is("peer.claim")(step) && !isRepeated(step)
/** Somebody who has its name already, as its node knows. */
const isResumption = is("peer.resume")
const isGathered = (step: Step): boolean =>
  isResumption(step) && (step.before.value === "unused" || isResuming(step.before))
/** Whose name somebody says that it has. */
const namesake = (step: Step): Holder | undefined =>
  isResumption(step) ? holderNamed(step, step.event.name) : undefined
/** It was taken for gone, and is there again. */
const comesBack = (step: Step): boolean =>
  isResumption(step) &&
  step.before.value === "peopled" &&
  namesake(step) === undefined &&
  !isFull(step) &&
  !memberOf(step, step.event.peerId)
/** Whose name is another's by a later login, or as its node was not reached. */
const outdated = (step: Step): string | undefined => {
  const other = namesake(step)
  if (other === undefined || other.peerId === step.event.peerId) return undefined
  return isResuming(step.before) && other.arrival < step.event.arrival ? other.peerId : step.event.peerId
}
/** The list is told as it is. */
const lists = (step: Step): boolean =>
  (is("home.settled")(step) && ["resuming", "peopled"].includes(step.before.value)) ||
  (is("peer.claim", "frame.said")(step) && isResuming(step.before))
const goesUnseen = (step: Step): boolean => isResuming(step.before) && is("peer.leave", "node.gone")(step)
const isDraining = (step: Step) => is("server.draining")(step) && step.before.value === "peopled"
const holderNamed = ({ before }: Step, name: string) => holdersOf(before).find((holder) => holder.name === name)
/** Who has the wanted name. */
const rival = (step: Step) => (isClaim(step) ? holderNamed(step, step.event.name) : undefined)
const hasKey = (step: Step): boolean =>
  rival(step) !== undefined && step.event.key !== null && step.event.key === rival(step)!.key
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
/** What becomes of the list in a step that others hear of: who is in it for the last time, and who for the first. */
interface Turn {
  readonly gone?: Holder | undefined
  readonly come?: Claim | undefined
  /** Who has waited for the name in vain. */
  readonly refused?: readonly string[]
}
const lossOf = (step: Step): readonly Turn[] => {
  if (!is("node.gone")(step) || step.before.value !== "peopled") return []
  const stays = ({ peerId }: Claim) => !peerId.startsWith(step.event.mark)
  return holdersOf(step.before)
    .filter((holder) => !stays(holder))
    .map((gone) => {
      const [come, ...others] = gone.claimants.filter(stays)
      return { gone, come, refused: others.map(({ peerId }) => peerId) }
    })
}
const turnsOf = (step: Step): readonly Turn[] => {
  if (goesUnseen(step)) return []
  const taken = succession(step)
  if (taken !== null) return [{ gone: taken.holder, come: taken.heir }]
  const come = admits(step) || comesBack(step) ? step.event : undefined
  const gone = leaver(step)
  return gone === undefined && come === undefined ? lossOf(step) : [{ gone, come }]
}
const goers = (step: Step): readonly Holder[] => turnsOf(step).flatMap(({ gone }) => gone ?? [])
const comers = (step: Step): readonly Claim[] => turnsOf(step).flatMap(({ come }) => come ?? [])

/** Whose waiting is over without the name. */
const disappointed = (step: Step): readonly string[] => {
  const lost = lossOf(step).flatMap(({ refused = [] }) => refused)
  if (lost.length > 0) return lost
  const taken = succession(step)
  if (taken !== null)
    return taken.holder.claimants.filter(({ peerId }) => peerId !== taken.heir.peerId).map(({ peerId }) => peerId)
  return (asked(step)?.claimants ?? []).map(({ peerId }) => peerId)
}
const isTurnedAway = (step: Step): boolean =>
  (isClaim(step) && rival(step) === undefined && isFull(step)) ||
  (isResumption(step) &&
    step.before.value === "peopled" &&
    namesake(step) === undefined &&
    !memberOf(step, step.event.peerId) &&
    isFull(step))
const mustWait = (step: Step): boolean => isClaim(step) && rival(step) !== undefined && !hasKey(step)
const recordsOf = (step: Step, name: string) => step.did("record").filter((event) => event.name === name)
const everyone = ["ann", "bob", "cid", "dee", "abe"]

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
    sentence: "No name has two holders, no connection two names, and nobody is let in beyond those who may be.",
    holds: (step) => {
      const { before, after } = step
      const holders = holdersOf(after)
      return (
        new Set(holders.map(({ name }) => name)).size === holders.length &&
        new Set(holders.map(({ peerId }) => peerId)).size === holders.length &&
        (isGathered(step) || holders.length <= Math.max(after.context.most, holdersOf(before).length))
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
      if (before === undefined || (before.value === "unused" && !isClaim(step) && !isResumption(step)))
        return after.value === "unused"
      if (holdersOf(after).length === 0 || isDraining(step)) return after.value === "empty"
      const gathers = isGathered(step) || (isResuming(before) && !lists(step))
      return after.value === (gathers ? "resuming" : "peopled")
    }
  },
  {
    sentence: "Whoever comes stands last in the list; whoever goes stands in it no longer; nobody else changes place.",
    holds: (step) => {
      const gone: readonly (string | undefined)[] = goers(step).map(({ peerId }) => peerId)
      const stay = namesOf(step.before).filter(([peerId]) => !gone.includes(peerId))
      if (isGathered(step)) {
        const { peerId, name, arrival } = step.event
        if (outdated(step) === peerId) return same(namesOf(step.after), stay)
        const others = holdersOf(step.before).filter((holder) => holder.peerId !== peerId && holder.name !== name)
        const all = [...others, { peerId, name, arrival }].sort((one, other) => one.arrival - other.arrival)
        return same(
          namesOf(step.after),
          memberOf(step, peerId) ? stay : all.map((holder) => [holder.peerId, holder.name])
        )
      }
      const unseen = ([peerId]: any) =>
        step.event.type === "node.gone" ? peerId.startsWith(step.event.mark) : peerId === step.event.peerId
      if (goesUnseen(step))
        return same(
          namesOf(step.after),
          stay.filter((each) => !unseen(each))
        )
      return same(namesOf(step.after), [...stay, ...comers(step).map(({ peerId, name }) => [peerId, name])])
    }
  },
  {
    sentence: "Each change of the list is announced once, the going before the coming, with the list as it is then.",
    holds: (step) => {
      const changes = step.effects.flatMap((effect) =>
        "did" in effect && /Peer$/.test(effect.did) ? [[effect.did, effect.with]] : []
      )
      let members = holdersOf(step.before).map(({ peerId, name }) => ({ peerId, name }))
      const expected = turnsOf(step).flatMap(({ gone, come }) => {
        const told: [string, object][] = []
        if (gone !== undefined) {
          const { peerId, name } = gone
          members = members.filter((member) => member.peerId !== peerId)
          told.push(["removePeer", { space, peerId, name, members }])
        }
        if (come !== undefined) {
          const { peerId, name } = come
          members = [...members, { peerId, name }]
          told.push(["admitPeer", { space, peerId, name, members }])
        }
        return told
      })
      return same(changes, expected)
    }
  },
  {
    sentence: "All are told the list as it is once it has been put together again, and when a node is met again.",
    holds: (step) => {
      const members = holdersOf(step.before).map(({ peerId, name }) => ({ peerId, name }))
      return same(step.did("listPeers"), lists(step) ? [{ space, members }] : [])
    }
  },
  {
    sentence: "Lists are in the order of logins, and no two logins are one.",
    holds: ({ after }) => {
      const arrivals = holdersOf(after).map(({ arrival }) => arrival)
      return (
        arrivals.every((arrival, index) => index === 0 || arrival > (arrivals[index - 1] as number)) &&
        (arrivals.at(-1) ?? 0) <= after.context.arrivals
      )
    }
  },
  {
    sentence: "Whoever gets a name is told so and how manieth it is, once, and what belongs to it is remembered.",
    holds: (step) => {
      const come = comers(step)
      const repeated = isRepeated(step)
        ? holdersOf(step.before).find((each) => each.peerId === step.event.peerId)
        : undefined
      const arrivals = step.before?.context.arrivals ?? 0
      return (
        everyone.every((id) => {
          const place = come.findIndex(({ peerId }) => peerId === id)
          const given = [
            ...(place === -1 ? [] : [{ type: "name.given", arrival: arrivals + 1 + place }]),
            ...(repeated?.peerId === id ? [{ type: "name.given", arrival: repeated.arrival }] : [])
          ]
          return same(step.told(id, "name.given"), given)
        }) &&
        come.every(({ peerId, name, key, address }, place) => {
          const arrival = arrivals + 1 + place
          const holder = holdersOf(step.after).find((each) => each.peerId === peerId)
          return same(holder, { peerId, name, key, address, arrival, probe: null, claimants: [] })
        })
      )
    }
  },
  {
    sentence: "Whoever says that it has a name is taken for what it was, and nobody hears of it yet.",
    when: (step) => isGathered(step) && outdated(step) !== step.event.peerId && !memberOf(step, step.event.peerId),
    holds: (step) => {
      const { peerId, name, key, address, arrival } = step.event
      return (
        same(
          holdersOf(step.after).find((each) => each.peerId === peerId),
          {
            ...{ peerId, name, key, address, arrival },
            ...{ probe: null, claimants: [] }
          }
        ) &&
        step.after.context.arrivals === Math.max(arrival, step.before.context.arrivals) &&
        step.effects.every((effect) => !("did" in effect))
      )
    }
  },
  {
    sentence:
      "What somebody in it says goes to the one of that name or to all others; whom nobody is called so, hears that.",
    holds: (step) => {
      const { peerId: from, target, frame } = step.event
      const isSaid = is("frame.said")(step) && ["peopled", "resuming"].includes(step.before.value)
      const isIn = isSaid && holdersOf(step.before).some(({ peerId }) => peerId === from)
      const to = holdersOf(step.before)
        .filter(({ peerId, name }) => isIn && (target === null ? peerId !== from : name === target))
        .map(({ peerId }) => peerId)
      return (
        same(step.did("passFrame"), to.length > 0 ? [{ space, from, to, frame }] : []) &&
        same(
          step.did("tellMissing"),
          isSaid && target !== null && to.length === 0 ? [{ space, peerId: from, target }] : []
        )
      )
    }
  },
  {
    sentence: "Whoever asks again, or says again what is known, changes nothing.",
    when: (step) =>
      (isRepeated(step) && !isResuming(step.before)) ||
      (isResumption(step) && memberOf(step, step.event.peerId)) ||
      (is("node.gone")(step) && !everyoneOf(step.before).some((peerId) => peerId.startsWith(step.event.mark))),
    holds: (step) => same(step.after.context, step.before.context) && step.effects.every((effect) => !("did" in effect))
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
          ...(outdated(step) === id ? [{ type: "name.refused", cause: "name_taken" }] : []),
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
    when: (step) => !isDraining(step) && !is("node.gone")(step),
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
    when: (step) => is("peer.leave")(step) && leaver(step) === undefined && step.before.value === "peopled",
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
      const taken = succession(step)
      return (
        same(
          recordsOf(step, "named_peer:logged_in"),
          comers(step).map(({ peerId, name: peerName, address: ip }) => ({
            ...{ name: "named_peer:logged_in", peerId, peerName, space, ip }
          }))
        ) &&
        same(
          recordsOf(step, "named_peer:left"),
          goers(step).map(({ peerId, name: peerName }) => ({ name: "named_peer:left", peerId, peerName, space }))
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

/** What is said where several servers are one. */
const farEvents = (snapshot: any) => {
  const { arrivals } = snapshot.context
  return [
    ...claims.filter(({ peerId, name }) => peerId !== "dee" || name !== "paris"),
    { type: "peer.claim", address: "192.0.2.5", peerId: "abe", name: "paris", key: null },
    ...(arrivals > 3
      ? []
      : [
          ["ann", "paris", 1],
          ["bob", "paris", 2],
          ["dee", "nantes", 3]
        ].map(([peerId, name, arrival]) => ({
          ...{ type: "peer.resume", peerId, name, arrival, key: null, address: "192.0.2.1" }
        }))),
    ...["ann", "dee"].map((peerId) => ({ type: "peer.leave", peerId })),
    ...["an", "bo", "de", "a"].map((mark) => ({ type: "node.gone", mark: mark.padEnd(2, "b") })),
    { type: "home.settled" },
    ...["paris", "lyon", null].map((target) => ({ type: "frame.said", peerId: "ann", target, frame: "{}" })),
    { type: "server.draining" },
    { type: "operator.ends" }
  ]
}

const settings = (): readonly Setting[] => [
  ...[1, 2].map((most) => ({
    name: most === 1 ? "of one name" : "of two names",
    input: { id: space, most, probeWithinMs },
    events
  })),
  ...[1, 2].map((most) => ({
    name: `of ${most}, on several servers`,
    input: { id: space, most, probeWithinMs },
    events: farEvents
  }))
]

export const nameSpace: Subject = {
  name: "nameSpace",
  machine: nameSpaceMachine,
  adapters: { actions: ["admitPeer", "removePeer", "listPeers", "passFrame", "tellMissing", "record"] },
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
