/** What a conference's chart asks before it decides, and what it does then. */
import { assertEvent, assign, fromPromise, setup } from "xstate"
import { present } from "../../present.ts"
import { speakAs } from "../../registry.ts"
import { conferenceAt, mediaWorkerAt, participantAt } from "../addresses.ts"
import type { Ending, SfuEvent } from "../events.ts"
import type { EngineJson } from "../media.ts"
import type { MediaWorkerEvent } from "../mediaWorker/mediaWorkerContext.ts"
import {
  announcedTo,
  type ConferenceContext,
  type ConferenceEvent,
  type ConferenceInput,
  type ConferenceNotice,
  type ConferenceSettings,
  type Member,
  memberOf,
  type Producer,
  producersOf,
  storyOf
} from "./conferenceContext.ts"

const { tell } = speakAs(({ id }: ConferenceContext) => conferenceAt(id))

const base = setup({
  types: {
    context: {} as ConferenceContext,
    events: {} as ConferenceEvent,
    input: {} as ConferenceInput & ConferenceSettings
  },
  actors: {
    /** Gives its RTP capabilities. */
    openRouter: fromPromise<EngineJson, { worker: string; call: string }>(() => new Promise(() => {}))
  },
  guards: {
    isEmpty: ({ context }) => context.members.length === 0,
    isMember: ({ context }, { participantId }: { participantId: string }) =>
      memberOf(context, participantId) !== undefined,
    /** There is no place for somebody who is not in it yet. */
    isFullFor: ({ context }, { participantId }: { participantId: string }) =>
      context.members.length >= context.most && memberOf(context, participantId) === undefined,
    /** It is told to this conference, and not to one that was in the room before. */
    isMeant: ({ context }, { call }: { call: string }) => call === context.call
  },
  actions: {
    closeRouter: (_, _parameters: { call: string }) => {},
    /** Asks for a `deadline` event in so many milliseconds. */
    requestDeadline: (_, _parameters: { afterMs: number }) => {},
    cancelDeadline: () => {},
    record: (_, _event: SfuEvent) => {},
    reportOpened: tell(({ context: { id, call, worker } }) => ({
      to: mediaWorkerAt(worker),
      event: { type: "conference.opened", roomId: id, call } satisfies MediaWorkerEvent,
      // A worker that is not there cannot say so.
      replyTo: conferenceAt(id)
    })),
    reportClosed: tell(({ context: { call, worker } }) => ({
      to: mediaWorkerAt(worker),
      event: { type: "conference.closed", call } satisfies MediaWorkerEvent
    })),
    tellMember: tell((_, { id, notice }: { id: string; notice: ConferenceNotice }) => ({
      to: participantAt(id),
      event: notice
    })),
    refuse: tell((_, { participantId, attempt }: { participantId: string; attempt: number }) => ({
      to: participantAt(participantId),
      event: { type: "conference.full", attempt } satisfies ConferenceNotice
    })),
    noteRouter: assign({ rtpCapabilities: (_, capabilities: EngineJson) => capabilities }),
    /** Takes somebody in, or notes that who is in asks once more. */
    admit: assign(({ context, event }) => {
      assertEvent(event, "member.join")
      const { participantId, userId, userName, attempt, at } = event
      const { tally } = context
      const member: Member = { participantId, userId, userName, attempt }
      if (memberOf(context, participantId) !== undefined) {
        return { members: context.members.map((each) => (each.participantId === participantId ? member : each)) }
      }
      return {
        members: [...context.members, member],
        tally: {
          ...tally,
          joined: tally.joined + 1,
          firstAt: tally.joined === 0 ? at : tally.firstAt,
          lastAt: null
        }
      }
    })
  }
})

type Enqueue = Parameters<Parameters<typeof base.enqueueActions>[0]>[0]["enqueue"]

/** These are there no more: everybody else hears of each. `context` is as it is then, their owner still among its members. */
const announceEnd = (enqueue: Enqueue, context: ConferenceContext, owner: Member, ended: readonly Producer[]) => {
  const isLast = producersOf(context, owner.participantId).length === 0
  for (const { producerId } of ended) {
    for (const { participantId } of context.members) {
      if (participantId === owner.participantId) continue
      const { userId } = owner
      const notice = { type: "producer.closed", producerId, userId, owner: owner.participantId, isLast } as const
      enqueue({ type: "tellMember", params: { id: participantId, notice } })
    }
  }
}

/** Who has asked hears which producers there are; whoever is told of others from now on is told behind that. */
const answer = base.enqueueActions(({ context, enqueue }) => {
  const { call, rtpCapabilities } = context
  for (const { participantId, attempt } of context.members) {
    if (attempt === null) continue
    const producers = announcedTo(context, participantId)
    const notice = { type: "conference.joined", attempt, call, rtpCapabilities, producers } as const
    enqueue({ type: "tellMember", params: { id: participantId, notice } })
  }
  enqueue.assign({ members: context.members.map((member) => ({ ...member, attempt: null })) })
})

const addProducer = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "producer.opened")
  const { producerId, kind, participantId } = event
  const { userName, userId } = present(memberOf(context, participantId), "member")
  const { tally } = context
  enqueue.assign({
    producers: [...context.producers, { producerId, kind, participantId }],
    tally: { ...tally, [kind]: tally[kind] + 1 }
  })
  const notice = { type: "producer.announced", producer: { producerId, kind, userName, userId } } as const
  for (const member of context.members) {
    if (member.participantId !== participantId)
      enqueue({ type: "tellMember", params: { id: member.participantId, notice } })
  }
})

const endProducers = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "producers.ended")
  const owner = present(memberOf(context, event.participantId), "member")
  const ended = producersOf(context, event.participantId).filter(({ producerId }) =>
    event.producerIds.includes(producerId)
  )
  const producers = context.producers.filter((producer) => !ended.includes(producer))
  enqueue.assign({ producers })
  announceEnd(enqueue, { ...context, producers }, owner, ended)
})

const removeMember = base.enqueueActions(({ context, event, enqueue }) => {
  assertEvent(event, "member.leave")
  const { participantId, at } = event
  const owner = present(memberOf(context, participantId), "member")
  const ended = producersOf(context, participantId)
  const producers = context.producers.filter((producer) => !ended.includes(producer))
  enqueue.assign({
    members: context.members.filter((member) => member !== owner),
    producers,
    tally: { ...context.tally, lastAt: at }
  })
  announceEnd(enqueue, { ...context, producers }, owner, ended)
})

/** It is over: everybody who is in it, or waits, hears so, and its story is told. */
const end = (how: Ending) =>
  base.enqueueActions(({ context, enqueue }) => {
    for (const { participantId } of context.members) {
      enqueue({ type: "tellMember", params: { id: participantId, notice: { type: "conference.lost", how } } })
    }
    enqueue.assign({ members: [], producers: [] })
    const { id: roomId, call } = context
    enqueue({
      type: "record",
      params: { name: "sfu:conference_ended", roomId, call, ...storyOf(context, how) }
    })
  })

export const conferenceSetup = base.extend({
  actions: {
    answer,
    addProducer,
    endProducers,
    removeMember,
    endWithWorker: end("worker_died"),
    endUnplaced: end("unavailable"),
    endByFault: end("fault"),
    endEmpty: end("empty"),
    endWithServer: end("shutdown"),
    endByHand: end("operator")
  }
})
