import { conferenceCrash, conferenceMachine } from "../../../../../src/machines/sfu/conference/conference.ts"
import {
  type ConferenceContext,
  type Member,
  type Producer,
  storyOf
} from "../../../../../src/machines/sfu/conference/conferenceContext.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"

const [id, call, worker] = ["room", "c1", "0"]
const lingerMs = 30
const input = { id, call, worker, lingerMs }
const everyone = ["ann", "bob", "cid"]
const names: Readonly<Record<string, string>> = { ann: "Ann", bob: "Bob", cid: "Cid" }
/** Two sockets of one user. */
const users: Readonly<Record<string, string>> = { ann: "u1", bob: "u2", cid: "u1" }
const capabilities = { codecs: ["opus"] }
const routed = "xstate.done.actor.0.conference.opening.routing"
const unrouted = "xstate.error.actor.0.conference.opening.routing"

const members = (snapshot: any): readonly Member[] => snapshot?.context.members ?? []
const producers = (snapshot: any): readonly Producer[] => snapshot?.context.producers ?? []
const idsOf = (snapshot: any) => members(snapshot).map(({ participantId }) => participantId)
const isIn = (snapshot: any, participantId: string): boolean => idsOf(snapshot).includes(participantId)
const placeOf = (snapshot: any): string =>
  typeof snapshot?.value === "string" ? snapshot.value : (snapshot?.value.opening ?? "none")
const isActive = (step: Step): boolean => step.before?.status === "active"
const is =
  (...types: string[]) =>
  (step: Step) =>
    isActive(step) && types.includes(step.event.type)

const isFullFor = ({ before, event }: Step): boolean =>
  members(before).length >= before.context.most && !isIn(before, event.participantId)
const admits = (step: Step): boolean => is("member.join")(step) && !isFullFor(step)
const leaves = (step: Step): boolean => is("member.leave")(step) && isIn(step.before, step.event.participantId)
const hasRouter = (step: Step): boolean => is(routed)(step) && placeOf(step.before) === "routing"
const hasNoRouter = (step: Step): boolean => is(unrouted)(step) && placeOf(step.before) === "routing"
const isLive = (step: Step): boolean => placeOf(step.before) === "live"
const produces = (step: Step): boolean =>
  is("producer.opened")(step) && isLive(step) && isIn(step.before, step.event.participantId)
const ends = (step: Step): readonly Producer[] => {
  const { before, event } = step
  const own = producers(before).filter(({ participantId }) => participantId === event.participantId)
  if (leaves(step)) return own
  return is("producers.ended")(step) && isLive(step)
    ? own.filter(({ producerId }) => event.producerIds.includes(producerId))
    : []
}

/** How it ends in this step; undefined: it does not. */
const endingOf = (step: Step): string | undefined => {
  if (!isActive(step)) return undefined
  if (is("server.draining")(step)) return "shutdown"
  if (is("operator.ends")(step)) return "operator"
  if (is("worker.died")(step) && step.event.call === call) return "worker_died"
  if (is("worker.unavailable")(step) && step.event.call === call) return "unavailable"
  if (is("child.missing", "child.unavailable", "child.crashed")(step)) return "unavailable"
  if (hasNoRouter(step)) return "fault"
  if (is("deadline")(step) && placeOf(step.before) === "lingering") return "empty"
  return undefined
}

const toMember = (participantId: string, event: object) => ({
  type: "tell",
  from: { kind: "conferences", id },
  to: { kind: "participants", id: participantId },
  event
})
const announcement = ({ producerId, kind, participantId }: Producer) => ({
  producerId,
  kind,
  userName: names[participantId],
  userId: users[participantId]
})
const answerTo = (step: Step, { participantId, attempt }: Pick<Member, "participantId" | "attempt">) =>
  toMember(participantId, {
    type: "conference.joined",
    attempt,
    call,
    rtpCapabilities: hasRouter(step) ? step.event.output : step.before.context.rtpCapabilities,
    producers: producers(step.before)
      .filter((producer) => producer.participantId !== participantId)
      .map(announcement)
  })
const othersOf = (step: Step) => idsOf(step.before).filter((each) => each !== step.event.participantId)

const story = (snapshot: any, how: string) => {
  const { joined, audio, video, firstAt, lastAt } = snapshot.context.tally
  return { participants: joined, audio, video, firstAt, lastAt, how }
}

const laws: readonly Law[] = [
  {
    sentence:
      "Should it crash, everybody in it hears so, its router is closed, its worker forgets it, and its story is told.",
    holds: ({ after }) =>
      same(conferenceCrash({ id, error: "a fault", at: 80, context: after.context }), {
        tell: [
          ...idsOf(after).map((participantId) => ({
            to: { kind: "participants", id: participantId },
            event: { type: "conference.lost", how: "fault" }
          })),
          { to: { kind: "mediaRouters", id: call }, event: { type: "router.abandoned" } },
          { to: { kind: "mediaWorkers", id: worker }, event: { type: "conference.closed", call } }
        ],
        record: [{ name: "sfu:conference_ended", roomId: id, call, ...storyOf(after.context, "fault") }]
      }) && same(conferenceCrash({ id, error: "a fault", at: 80, context: undefined }), { tell: [], record: [] })
  },
  {
    sentence: "Where it is follows from its worker, its router and whether anybody is there.",
    holds: (step) => {
      const { before, after } = step
      const place = placeOf(after)
      if (before === undefined) return place === "placing"
      if (!isActive(step)) return place === placeOf(before)
      const ending = endingOf(step)
      if (ending !== undefined)
        return place === (["shutdown", "empty", "operator"].includes(ending) ? "closed" : "lost")
      if (placeOf(before) === "placing" && is("worker.ready")(step) && step.event.call === call)
        return place === "routing"
      if (hasRouter(step) || isLive(step)) return place === (members(after).length === 0 ? "lingering" : "live")
      if (placeOf(before) === "lingering" && is("member.join")(step)) return place === "live"
      return place === placeOf(before)
    }
  },
  {
    sentence: "Its worker hears of it when it begins and when it ends, and of nothing else.",
    holds: (step) => {
      const toWorker = (event: object, more: object = {}) => ({
        type: "tell",
        from: { kind: "conferences", id },
        to: { kind: "mediaWorkers", id: worker },
        event,
        ...more
      })
      return same(step.sent("mediaWorkers"), [
        ...(step.before === undefined
          ? [toWorker({ type: "conference.opened", roomId: id, call }, { replyTo: { kind: "conferences", id } })]
          : []),
        ...(endingOf(step) === undefined ? [] : [toWorker({ type: "conference.closed", call })])
      ])
    }
  },
  {
    sentence: "A router is made once, when its worker runs, and closed when it ends.",
    holds: (step) => {
      const begins = placeOf(step.after) === "routing" && placeOf(step.before) !== "routing"
      return (
        same(step.did("openRouter"), begins ? [{ worker, call }] : []) &&
        same(step.did("closeRouter"), endingOf(step) === undefined ? [] : [{ call }])
      )
    }
  },
  {
    sentence:
      "Who comes stands last, once; who goes stands there no longer; nobody else changes place; never more than may be.",
    when: isActive,
    holds: (step) => {
      const { before, after, event } = step
      const rest = idsOf(before).filter((each) => !leaves(step) || each !== event.participantId)
      const expected =
        endingOf(step) !== undefined
          ? []
          : admits(step) && !isIn(before, event.participantId)
            ? [...rest, event.participantId]
            : rest
      return same(idsOf(after), expected) && idsOf(after).length <= before.context.most
    }
  },
  {
    sentence: "What is known of somebody is what it has said last.",
    when: admits,
    holds: ({ after, event }) => {
      const { participantId, userId, userName } = event
      const member = members(after).find((each) => each.participantId === participantId)
      return member?.userId === userId && member?.userName === userName
    }
  },
  {
    sentence: "Whoever asks is answered once: at once where there is a router, when there is one, or that it is full.",
    when: isActive,
    holds: (step) => {
      const { before, after, event } = step
      const { participantId, attempt } = event
      const atOnce = ["live", "lingering"].includes(placeOf(before))
      const answers = hasRouter(step)
        ? members(before)
            .filter((member) => member.attempt !== null)
            .map((member) => answerTo(step, member))
        : admits(step) && atOnce
          ? [answerTo(step, { participantId, attempt })]
          : []
      const refusals =
        is("member.join")(step) && isFullFor(step)
          ? [toMember(participantId, { type: "conference.full", attempt })]
          : []
      const said = step
        .sent("participants")
        .filter((message) => ["conference.joined", "conference.full"].includes(message.event.type))
      const waiting = members(after).filter((member) => member.attempt !== null)
      return (
        same(said, [...answers, ...refusals]) &&
        (typeof after.value === "object" || waiting.length === 0) &&
        (!admits(step) ||
          atOnce ||
          waiting.some((member) => member.participantId === participantId && member.attempt === attempt))
      )
    }
  },
  {
    sentence: "A producer is told to everybody else who is in, once, and stands last in the list.",
    when: isActive,
    holds: (step) => {
      const { before, after, event } = step
      const { producerId, kind, participantId } = event
      const told = step.sent("participants").filter((message) => message.event.type === "producer.announced")
      if (!produces(step)) return told.length === 0 && producers(after).length <= producers(before).length
      const producer = { producerId, kind, participantId }
      return (
        same(producers(after), [...producers(before), producer]) &&
        same(
          told,
          othersOf(step).map((each) => toMember(each, { type: "producer.announced", producer: announcement(producer) }))
        )
      )
    }
  },
  {
    sentence: "The end of a producer is told to all others, in order, with whether its owner has any media left.",
    when: (step) => isActive(step) && endingOf(step) === undefined,
    holds: (step) => {
      const gone = ends(step)
      const left = producers(step.before).filter((producer) => !gone.includes(producer))
      const isLast = left.every(({ participantId }) => participantId !== step.event.participantId)
      const told = step.sent("participants").filter((message) => message.event.type === "producer.closed")
      return (
        (produces(step) || same(producers(step.after), left)) &&
        same(
          told,
          gone.flatMap(({ producerId, participantId }) =>
            othersOf(step).map((each) =>
              toMember(each, {
                type: "producer.closed",
                producerId,
                userId: users[participantId],
                owner: participantId,
                isLast
              })
            )
          )
        )
      )
    }
  },
  {
    sentence: "When it ends everybody in it hears so, once and with the reason, and nothing is left in it.",
    when: isActive,
    holds: (step) => {
      const how = endingOf(step)
      const told = step.sent("participants").filter((message) => message.event.type === "conference.lost")
      const expected =
        how === undefined ? [] : idsOf(step.before).map((each) => toMember(each, { type: "conference.lost", how }))
      return (
        same(told, expected) &&
        (how === undefined || (members(step.after).length === 0 && producers(step.after).length === 0))
      )
    }
  },
  {
    sentence: "An empty one stays for so long and no longer.",
    holds: (step) => {
      const lingers = (snapshot: any) => placeOf(snapshot) === "lingering"
      const [begins, over] = [
        lingers(step.after) && !lingers(step.before),
        lingers(step.before) && !lingers(step.after)
      ]
      return (
        same(step.did("requestDeadline"), begins ? [{ afterMs: lingerMs }] : []) &&
        step.did("cancelDeadline").length === Number(over)
      )
    }
  },
  {
    sentence: "What its router can is what the engine has said.",
    when: isActive,
    holds: (step) =>
      same(
        step.after.context.rtpCapabilities,
        hasRouter(step) ? step.event.output : step.before.context.rtpCapabilities
      )
  },
  {
    sentence: "Its story counts who has come and what they have sent, from the first coming to the last going.",
    when: isActive,
    holds: (step) => {
      const { before, after, event } = step
      const { tally } = before.context
      const isNew = admits(step) && !isIn(before, event.participantId)
      const kind = produces(step) ? event.kind : undefined
      return same(after.context.tally, {
        joined: tally.joined + Number(isNew),
        audio: tally.audio + Number(kind === "audio"),
        video: tally.video + Number(kind === "video"),
        firstAt: isNew && tally.joined === 0 ? event.at : tally.firstAt,
        lastAt: isNew ? null : leaves(step) ? event.at : tally.lastAt
      })
    }
  },
  {
    sentence: "Its opening, its end and why it has no router are recorded, each once.",
    holds: (step) => {
      const how = endingOf(step)
      const expected = [
        ...(hasRouter(step) ? [{ name: "sfu:conference_opened", roomId: id, call, worker }] : []),
        ...(hasNoRouter(step) ? [{ name: "sfu:router_error", roomId: id, call, worker, error: step.event.error }] : []),
        ...(how === undefined ? [] : [{ name: "sfu:conference_ended", roomId: id, call, ...story(step.before, how) }])
      ]
      return same(step.did("record"), expected)
    }
  }
]

const events = (snapshot: any) => {
  const live = producers(snapshot)
  const free = ["p1", "p2"].filter((producerId) => !live.some((producer) => producer.producerId === producerId))
  return [
    ...everyone.flatMap((participantId, index) => [
      {
        ...{ type: "member.join", participantId, userId: users[participantId], userName: names[participantId] },
        ...{ attempt: index + 1, at: 100 }
      },
      { type: "member.leave", participantId, at: 200 }
    ]),
    { type: "member.leave", participantId: "ann", at: null },
    ...["ann", "cid", "stranger"].flatMap((participantId) => [
      ...free.slice(0, 1).map((producerId, index) => ({
        ...{ type: "producer.opened", participantId, producerId },
        kind: index + live.length === 0 ? "audio" : "video"
      })),
      { type: "producers.ended", participantId, producerIds: ["p1"] },
      { type: "producers.ended", participantId, producerIds: ["p1", "p2", "unknown"] }
    ]),
    ...["worker.ready", "worker.died", "worker.unavailable"].flatMap((type) => [
      { type, call },
      { type, call: "c0" }
    ]),
    ...["child.missing", "child.unavailable", "child.crashed"].map((type) => ({ type, id: worker })),
    ...(placeOf(snapshot) === "routing"
      ? [
          { type: routed, output: capabilities },
          { type: unrouted, error: "the channel is closed" }
        ]
      : []),
    { type: "deadline", at: 300 },
    { type: "server.draining" },
    { type: "operator.ends" }
  ]
}

const settings = (): readonly Setting[] =>
  [1, 2].map((most) => ({ name: `of ${most}`, input: { ...input, most }, events }))

export const conference: Subject = {
  name: "conference",
  machine: conferenceMachine,
  adapters: {
    actions: ["closeRouter", "requestDeadline", "cancelDeadline", "record"],
    promises: ["openRouter"]
  },
  settings,
  facts: ({ context }: { context: ConferenceContext }) => [
    context.members.map(({ participantId, attempt }) => [participantId, attempt !== null]),
    context.producers.map(({ producerId, participantId }) => [producerId, participantId]),
    Math.min(context.tally.joined, 2)
  ],
  laws
}
