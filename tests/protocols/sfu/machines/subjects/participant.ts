import type { AnyEventObject } from "xstate"
import { participantCrash, participantMachine } from "../../../../../src/machines/sfu/participant/participant.ts"
import type { ParticipantContext } from "../../../../../src/machines/sfu/participant/participantContext.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"
import {
  address,
  answersIn,
  begun,
  call,
  contextOf,
  dismissalOf,
  doingOf,
  given,
  hasJoined,
  id,
  input,
  is,
  isAnswering,
  isBeside,
  isPresent,
  joins,
  lostTransport,
  membershipOf,
  outcomeOf,
  replyOf,
  roomId,
  settles,
  settlesBeside
} from "./participantModel.ts"

const begins = (step: Step): boolean => step.before === undefined
const acts = (step: Step): boolean => step.before !== undefined && isPresent(step.before)
/** It is there still. */
const stays = (step: Step): boolean => acts(step) && isPresent(step.after)
const closes = (step: Step): boolean => is("producer.closed")(step) && hasJoined(step.before)
const announces = (step: Step): boolean => is("producer.announced")(step) && hasJoined(step.before)
const toConference = (event: object, more: object = {}) => ({
  type: "tell",
  from: { kind: "participants", id },
  to: { kind: "conferences", id: roomId },
  event,
  ...more
})
const nameOf = ({ producerId }: { readonly producerId: string }) => producerId

const { most } = input.settings
/** What the engine is asked by each request. */
const engineActions = {
  opening: "openTransport",
  connecting: "connectTransport",
  producing: "produce",
  consuming: "consume",
  resuming: "resumeConsumer"
}

const laws: readonly Law[] = [
  {
    sentence: "Should it crash, its socket hears so, and its conference that it is gone.",
    holds: ({ after }) =>
      same(participantCrash({ id, error: "a fault", at: 80, context: after.context }), {
        tell: [
          { to: { kind: "participantSockets", id }, event: { type: "socket.abandoned" } },
          { to: { kind: "conferences", id: roomId }, event: { type: "member.leave", participantId: id, at: 80 } }
        ],
        record: []
      }) &&
      same(participantCrash({ id, error: "a fault", at: 80, context: undefined }).tell, [
        { to: { kind: "participantSockets", id }, event: { type: "socket.abandoned" } }
      ])
  },
  {
    sentence: "It listens to its socket from the beginning, once.",
    holds: (step) => step.did("openSocket").length === Number(begins(step))
  },
  {
    sentence: "It is there until it is sent away or its socket closes, and goes when that does.",
    holds: (step) => {
      const { before, after } = step
      if (begins(step)) return membershipOf(after) === "admitted" && doingOf(after) === "idle"
      if (before.status !== "active") return same(after.value, before.value)
      if (is("socket.closed")(step)) return after.value === "gone"
      if (before.value === "dismissed" || dismissalOf(step) !== undefined) return after.value === "dismissed"
      return isPresent(after)
    }
  },
  {
    sentence: "It is in its conference once that has let it in, and is set up with its second transport, or in time.",
    when: stays,
    holds: (step) => {
      const { before, after } = step
      const [from, to] = [membershipOf(before), membershipOf(after)]
      const { opened } = contextOf(after)
      if (from === "admitted") return to === (joins(step) ? "bare" : "admitted")
      if (from === "live") return to === "live"
      const isSettled =
        opened >= 2 ||
        is("joining.settled")(step) ||
        is("consume.asked")(step) ||
        (from === "equipped" && is("transport.settled")(step))
      return to === (isSettled ? "live" : opened >= 1 ? "equipped" : "bare")
    }
  },
  {
    sentence: "What it asks is done one thing after the other: the next begins when the one before has been answered.",
    when: stays,
    holds: (step) => {
      const doing = doingOf(step.before)
      if (doing === "idle") {
        const next = begun(step) ?? "idle"
        return doingOf(step.after) === (isBeside(next) ? "idle" : next)
      }
      return doingOf(step.after) === (joins(step) || outcomeOf(step) !== undefined ? "idle" : doing)
    }
  },
  {
    sentence: "Every request is answered once, in plain words and by its id, when it is known what it comes to.",
    holds: (step) => {
      const reply = replyOf(step)
      const { requestId } = reply ?? { requestId: null }
      return (
        same(step.did("answer"), reply?.says === "answer" ? [{ requestId, data: reply.data }] : []) &&
        same(step.did("refuse"), reply?.says === "refuse" ? [{ requestId, error: reply.error }] : [])
      )
    }
  },
  {
    sentence: "The engine is asked for what the client may have, once for each request, and for nothing else.",
    holds: (step) => {
      const { event } = step
      const doing = begins(step) ? undefined : begun(step)
      return Object.entries(engineActions).every(([each, name]) => same(step.did(name), each === doing ? [event] : []))
    }
  },
  {
    sentence: "Which request asked to join last is remembered.",
    when: stays,
    holds: (step) =>
      contextOf(step.after).joinRequest ===
      (begun(step) === "joining" ? step.event.requestId : contextOf(step.before).joinRequest)
  },
  {
    sentence: "Its frames wait while something is done for it, for so long and no longer.",
    holds: (step) => {
      const isOver = isAnswering(step.before) && !isAnswering(step.after)
      return (
        same(step.did("holdFrames"), !begins(step) && begun(step) !== undefined ? [{ afterMs: 9 }] : []) &&
        step.did("releaseFrames").length ===
          Number(isOver) + Number(settlesBeside(step)) + Number(acts(step) && !isPresent(step.after))
      )
    }
  },
  {
    sentence: "Everything that is waited for has its time, and no clock runs for what is over.",
    holds: (step) => {
      const clocks: readonly (readonly [event: string, afterMs: number, isOn: (snapshot: any) => boolean])[] = [
        ["join.due", 30, (snapshot) => membershipOf(snapshot) === "admitted"],
        ["joining.settled", 5, (snapshot) => ["bare", "equipped"].includes(membershipOf(snapshot) ?? "")],
        ["transport.settled", 1, (snapshot) => membershipOf(snapshot) === "equipped"],
        ["cut.due", 2, (snapshot) => snapshot?.value === "dismissed"]
      ]
      const named = (list: readonly any[], event: string) => list.filter((each) => each.event === event)
      return clocks.every(([event, afterMs, isOn]) => {
        const [before, after] = [isOn(step.before), isOn(step.after)]
        const wasPassed = event === "transport.settled" && membershipOf(step.before) === "bare" && settles(step)
        return (
          same(named(step.did("requestDeadline"), event), !before && after ? [{ event, afterMs }] : []) &&
          (wasPassed || same(named(step.did("cancelDeadline"), event), before && !after ? [{ event }] : []))
        )
      })
    }
  },
  {
    sentence:
      "The conference hears its questions, its producers behind their answers, their ends, and once that it goes.",
    holds: (step) => {
      const { before, event } = step
      if (begins(step)) return step.sent("conferences").length === 0
      const lost = lostTransport(step)
      const ended = contextOf(before)
        .producers.filter(({ transportId }) => transportId === lost)
        .map((producer) => producer.id)
      const produced = event.type === "engine.produced" ? given(step) : undefined
      const attempt = contextOf(before).attempts + 1
      const said = step.effects.findIndex((effect) => "did" in effect && effect.did === "answer")
      const told = step.effects.findIndex((effect) => "told" in effect && effect.told === "registry")
      return (
        same(step.sent("conferences"), [
          ...(begun(step) === "joining"
            ? [
                toConference(
                  {
                    ...{ type: "member.join", participantId: id, userId: "u1", userName: "Ann" },
                    ...{ attempt, at: event.at }
                  },
                  {
                    ...(event.worker === null ? {} : { input: { id: roomId, call: event.call, worker: event.worker } }),
                    replyTo: { kind: "participants", id },
                    requestId: attempt
                  }
                )
              ]
            : []),
          ...(produced === undefined
            ? []
            : [
                toConference({
                  ...{ type: "producer.opened", participantId: id },
                  ...{ producerId: produced.value.id, kind: event.asked.kind }
                })
              ]),
          ...(ended.length === 0
            ? []
            : [toConference({ type: "producers.ended", participantId: id, producerIds: ended })]),
          ...(acts(step) && !isPresent(step.after)
            ? [toConference({ type: "member.leave", participantId: id, at: event.at ?? null })]
            : [])
        ]) &&
        (produced === undefined || said < told)
      )
    }
  },
  {
    sentence: "What it is told of others' producers comes in order, each once, when it is set up.",
    holds: (step) => {
      const { before, event } = step
      if (begins(step)) return step.did("tellProducer").length === 0
      const { held } = contextOf(before)
      const isLive = membershipOf(before) === "live"
      return same(step.did("tellProducer"), [
        ...(settles(step) ? held : []),
        ...(isLive && announces(step) ? [event.producer] : [])
      ])
    }
  },
  {
    sentence:
      "What it has not heard of it does not hear the end of; of all else it does, once nothing of its owner is left.",
    holds: (step) => {
      if (begins(step) || !closes(step)) return step.did("tellProducerClosed").length === 0
      const { held, withheld } = contextOf(step.before)
      const { producerId, userId, owner, isLast } = step.event
      const ends = [
        ...withheld,
        ...(held.some((each) => each.producerId === producerId) ? [] : [{ producerId, userId, owner }])
      ]
      const told = isLast ? ends.filter((end) => end.owner === owner) : []
      return (
        same(
          step.did("tellProducerClosed"),
          told.map((end) => ({ producerId: end.producerId, userId: end.userId }))
        ) &&
        same(
          contextOf(step.after).withheld,
          ends.filter((end) => !told.includes(end))
        )
      )
    }
  },
  {
    sentence: "It knows every producer of its conference, told or not: there is neither a gap nor a double.",
    when: stays,
    holds: (step) => {
      const { before, after, event } = step
      const { others, held } = contextOf(before)
      const expected = joins(step)
        ? event.producers.map(nameOf)
        : announces(step)
          ? [...others, event.producer.producerId]
          : closes(step)
            ? others.filter((other) => other !== event.producerId)
            : others
      const waits = joins(step)
        ? []
        : settles(step)
          ? []
          : announces(step) && membershipOf(before) !== "live"
            ? [...held, event.producer]
            : closes(step)
              ? held.filter((each) => each.producerId !== event.producerId)
              : held
      return same(contextOf(after).others, expected) && same(contextOf(after).held, waits)
    }
  },
  {
    sentence: "It has what it was given and nothing else; what ends takes along what was on it.",
    when: stays,
    holds: (step) => {
      const { before, after, event } = step
      const { transports, producers, consumers } = contextOf(before)
      const { asked } = event
      const got = given(step)?.value
      const lost = lostTransport(step)
      const goesAlong = producers.filter(({ transportId }) => transportId === lost).map((producer) => producer.id)
      const isNews = is("transport.changed")(step) && ["connecting", "connected"].includes(event.state)
      return (
        same(contextOf(after).transports, [
          ...transports
            .filter((transport) => transport.id !== lost)
            .map((transport) => {
              if (isNews && transport.id === event.transportId) return { ...transport, state: event.state }
              const isConnecting =
                event.type === "engine.connectedTransport" &&
                given(step) !== undefined &&
                transport.id === asked.transportId &&
                transport.state === "new"
              return isConnecting ? { ...transport, state: "connecting" } : transport
            }),
          ...(event.type === "engine.openedTransport" && got !== undefined ? [{ id: got.id, state: "new" }] : [])
        ]) &&
        same(contextOf(after).producers, [
          ...producers.filter(({ transportId }) => transportId !== lost),
          ...(event.type === "engine.produced" && got !== undefined
            ? [{ id: got.id, transportId: asked.transportId, kind: asked.kind }]
            : [])
        ]) &&
        same(contextOf(after).consumers, [
          ...consumers
            .filter(({ transportId, producerId }) => transportId !== lost && !goesAlong.includes(producerId))
            .filter(({ producerId }) => !closes(step) || producerId !== event.producerId),
          ...(event.type === "engine.consumed" && got !== undefined
            ? [{ id: got.id, transportId: asked.transportId, producerId: asked.producerId }]
            : [])
        ])
      )
    }
  },
  {
    sentence: "It never has more than it may.",
    holds: ({ after }) => {
      const { transports, producers, consumers, settings } = contextOf(after)
      const { most } = settings
      return (
        transports.length <= most.transports && producers.length <= most.producers && consumers.length <= most.consumers
      )
    }
  },
  {
    sentence: "The engine closes a transport that is over, and holds nothing for who goes.",
    holds: (step) => {
      const lost = begins(step) ? undefined : lostTransport(step)
      return (
        same(step.did("closeTransport"), lost === undefined ? [] : [{ transportId: lost }]) &&
        step.did("releaseMedia").length === Number(acts(step) && !isPresent(step.after))
      )
    }
  },
  {
    sentence: "Who is sent away is told why, once; nobody else is.",
    holds: (step) => {
      const cause = dismissalOf(step)
      return same(step.did("dismissSocket"), cause === undefined ? [] : [{ cause }])
    }
  },
  {
    sentence: "Its coming, its going, its dismissal and the engine's failures are recorded, each once.",
    holds: (step) => {
      const cause = dismissalOf(step)
      const who = { participantId: id, userName: "Ann", roomId, ip: address }
      const outcome = begins(step) ? undefined : outcomeOf(step)
      const expected = [
        ...(outcome?.type === "engine.failed" ? [{ name: "sfu:error", participantId: id, error: outcome.error }] : []),
        ...(hasJoined(step.before) && !hasJoined(step.after) ? [{ name: "sfu:left", ...who }] : []),
        ...(cause === undefined ? [] : [{ name: "sfu:dismissed", participantId: id, ip: address, cause }]),
        ...(!hasJoined(step.before) && hasJoined(step.after) ? [{ name: "sfu:joined", ...who }] : [])
      ]
      return same(step.did("record"), expected)
    }
  },
  {
    sentence: "Who has been sent away and does not go is cut, and nothing else is done for it.",
    holds: (step) => {
      const isAway = step.before?.value === "dismissed"
      return (
        step.did("cutSocket").length === Number(isAway && is("cut.due")(step)) &&
        (!isAway || step.effects.every((effect) => "did" in effect && /^(cutSocket|cancelDeadline)$/.test(effect.did)))
      )
    }
  }
]

const producer = (producerId: string, userId: string) => ({ producerId, kind: "audio", userName: userId, userId })
const [q1, q2] = [producer("q1", "u2"), producer("q2", "u1")]
const requests = ["r", null] as const

/** What the engine may have been asked, and gives then. */
const results = (snapshot: any) => {
  const { transports, consumers, settings } = contextOf(snapshot)
  const opened = {
    id: transports.some(({ id }) => id === "t1") ? "t2" : "t1",
    ...{ iceParameters: "ice", iceCandidates: [], dtlsParameters: "dtls" }
  }
  const consumer = (producerId: string) => ({ id: "c1", producerId, kind: "audio", rtpParameters: "rtp" })
  const possible: readonly (readonly [type: string, asked: object, given: unknown])[] = [
    ["engine.openedTransport", { requestId: "r" }, opened],
    ["engine.openedTransport", { requestId: null }, opened],
    ["engine.connectedTransport", { requestId: "r", transportId: "t1" }, undefined],
    ...["audio", "video"].map(
      (kind) => ["engine.produced", { requestId: "r", transportId: "t1", kind }, { id: "p1" }] as const
    ),
    ...["q1", "p1"].map(
      (producerId) =>
        ["engine.consumed", { requestId: "r", transportId: "t1", producerId }, consumer(producerId)] as const
    ),
    ["engine.resumed", { requestId: null, consumerId: "c1" }, undefined]
  ]
  return (
    possible
      .filter(([type]) => answersIn[doingOf(snapshot) ?? ""]?.includes(type))
      // Nobody is given more than it may have: one at a time is asked for.
      .filter(([type]) => type !== "engine.consumed" || consumers.length < settings.most.consumers)
      .flatMap(([type, asked, given]): readonly AnyEventObject[] => [
        { type, asked, given },
        { type: "engine.refused", asked, sentence: "Invalid RTP parameters" },
        { type: "engine.failed", asked, error: "the worker hiccups" }
      ])
  )
}
const answers = (snapshot: any) => {
  const { attempts } = contextOf(snapshot)
  return [attempts, attempts - 1].flatMap((attempt) => [
    ...[[], [q1, q2]].map((producers) => ({
      ...{ type: "conference.joined", attempt, call, rtpCapabilities: "capabilities" },
      producers
    })),
    { type: "conference.full", attempt },
    ...["child.missing", "child.unavailable", "child.crashed"].map((type) => ({ type, id: roomId, requestId: attempt }))
  ])
}
const join = { type: "join.asked", roomId, worker: "0", call, at: 100, requestId: "r" }
const timers = ["join.due", "answer.due", "joining.settled", "transport.settled", "cut.due"].map((type) => ({
  type,
  at: 300
}))
const endings = [
  ...["worker_died", "unavailable", "fault", "shutdown", "operator"].map((how) => ({ type: "conference.lost", how })),
  { type: "server.draining" },
  { type: "operator.ends" },
  { type: "socket.closed", at: 200 }
]
const changes = (...states: string[]) =>
  ["t1", "unknown"].flatMap((transportId) => states.map((state) => ({ type: "transport.changed", transportId, state })))

/** Everything that a client may ask, of what it has and of what it has not. */
const asking = (snapshot: any) => [
  join,
  { ...join, worker: null },
  { ...join, roomId: "another" },
  ...requests.map((requestId) => ({ type: "transport.asked", requestId })),
  ...["t1", "unknown"].flatMap((transportId) => [
    { type: "connect.asked", transportId, dtlsParameters: "theirs", requestId: transportId === "t1" ? "r" : null },
    ...(["audio", "video"] as const).map((kind) => ({
      ...{ type: "produce.asked", transportId, kind, rtpParameters: "theirs" },
      requestId: "r"
    })),
    ...["q1", "p1", "unknown"].map((producerId) => ({
      ...{ type: "consume.asked", transportId, producerId, rtpCapabilities: "theirs" },
      requestId: "r"
    }))
  ]),
  ...["c1", "unknown"].map((consumerId) => ({
    ...{ type: "resume.asked", consumerId },
    requestId: consumerId === "c1" ? null : "r"
  })),
  ...results(snapshot),
  ...answers(snapshot),
  ...changes("connecting", "connected", "closed"),
  { type: "producer.closed", producerId: "q1", userId: "u2", owner: "bob", isLast: true },
  ...timers,
  ...endings
]

/** What it is told of others, while it sets up and then. */
const hearing = (snapshot: any) => {
  const { others, withheld } = contextOf(snapshot)
  return [
    join,
    { type: "transport.asked", requestId: "r" },
    { type: "consume.asked", transportId: "t1", producerId: "q1", rtpCapabilities: "theirs", requestId: "r" },
    ...results(snapshot).filter((each) => "given" in each),
    ...answers(snapshot).slice(0, 2),
    ...[q1, q2]
      .filter(({ producerId }) => !others.includes(producerId))
      .map((each) => ({ type: "producer.announced", producer: each })),
    ...[
      ["q1", "u2", "bob"],
      ["q2", "u1", "bob"],
      ["q3", "u3", "cid"]
    ].flatMap(([producerId, userId, owner]) =>
      [true, ...(withheld.length < 2 ? [false] : [])].map((isLast) => ({
        type: "producer.closed",
        producerId,
        userId,
        owner,
        isLast
      }))
    ),
    ...changes("failed"),
    ...timers,
    { type: "socket.closed", at: 200 }
  ]
}

export const participant: Subject = {
  name: "participant",
  machine: participantMachine,
  adapters: {
    actions: [
      ...["openSocket", "answer", "refuse", "tellProducer", "tellProducerClosed", "dismissSocket", "cutSocket"],
      ...["holdFrames", "releaseFrames", "closeTransport", "releaseMedia"],
      ...["requestDeadline", "cancelDeadline", "record"],
      ...Object.values(engineActions)
    ]
  },
  settings: (): readonly Setting[] => [
    {
      name: "that asks",
      input: { ...input, settings: { ...input.settings, most: { ...most, transports: 1 } } },
      events: asking
    },
    { name: "that hears", input, events: hearing }
  ],
  // Who is sent away has nothing any more that tells it from others.
  facts: (snapshot: { context: ParticipantContext }) => {
    const { transports, producers, consumers, others, held, withheld } = snapshot.context
    return isPresent(snapshot)
      ? [
          transports.length,
          transports[0]?.state === "new",
          producers.length,
          ...[consumers.length, others.length > 0, held.length, withheld.length]
        ]
      : null
  },
  laws
}
