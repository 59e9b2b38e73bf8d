import { type StoryContext, storyMachine } from "../../../../../src/machines/dropsilk/story.ts"
import { type Law, type Step, type Subject, same } from "../../../../walking/subject.ts"

const limit = 2
const startedAt = 1_000
const staleMs = 500
const entriesOf = ({ participants, timeline, omitted }: StoryContext): number =>
  participants.length + timeline.length + omitted

const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)
const wasListening = ({ before }: Step) => before?.value === "listening"

const laws: readonly Law[] = [
  {
    sentence: "A story asks for the moment when it is stale once, at its start.",
    holds: ({ before, did }) => same(did("requestDeadline"), before === undefined ? [{ at: startedAt + staleMs }] : [])
  },
  {
    sentence: "A story is told exactly once, when it ends, and then waits for nothing any more.",
    holds: ({ after, before, did }) => {
      const ends = wasListening({ before } as Step) && after.status === "done"
      return did("tell").length === (ends ? 1 : 0) && did("cancelDeadline").length === (ends ? 1 : 0)
    }
  },
  {
    sentence:
      "It ends with its flight, with the server, when it is too old and when there are too many, and else goes on.",
    when: wasListening,
    holds: ({ event, after }) => {
      const end = {
        "story.ended": "complete",
        "server.draining": "complete",
        "story.crowdedOut": "stale",
        deadline: "stale"
      }
      return after.value === (end[event.type as keyof typeof end] ?? "listening")
    }
  },
  {
    sentence: "It says whether all has been told, and how many signals passed when it is known.",
    when: is("story.ended", "server.draining", "story.crowdedOut", "deadline"),
    holds: ({ event, did }) => {
      const telling = {
        "story.ended": { outcome: "complete", signals: event.signals },
        "server.draining": { outcome: "complete", signals: null },
        "story.crowdedOut": { outcome: "crowded", signals: null },
        deadline: { outcome: "old", signals: null }
      }
      return same(did("tell"), [telling[event.type as keyof typeof telling]])
    }
  },
  {
    sentence: "Nobody is a participant twice, and nothing is kept beyond the limit.",
    holds: ({ after: { context } }) =>
      new Set(context.participants.map(({ id }: { id: string }) => id)).size === context.participants.length &&
      context.participants.length <= limit &&
      context.timeline.length <= limit
  },
  {
    sentence: "Whoever is new, every meeting and every leaving is kept or counted; nothing else is.",
    when: wasListening,
    holds: ({ before, event, after }) => {
      const isKnown = before.context.participants.some(({ id }: { id: string }) => id === event.id)
      const news =
        event.type === "story.joined" || event.type === "story.left" || (event.type === "story.seated" && !isKnown)
      return entriesOf(after.context) === entriesOf(before.context) + (news ? 1 : 0)
    }
  },
  {
    sentence: "A newcomer is written down with name, address and time.",
    when: (step) =>
      is("story.seated")(step) && step.after.context.participants.length > step.before.context.participants.length,
    holds: ({ event, after }) =>
      same(after.context.participants.at(-1), {
        id: event.id,
        name: event.name,
        ip: event.ip,
        connectionType: null,
        joinedAt: event.at
      })
  },
  {
    sentence: "Two who meet know from then on how they are connected, and keep their first way.",
    when: is("story.joined"),
    holds: ({ before, event, after }) =>
      same(
        after.context.participants.map(({ connectionType }: any) => connectionType),
        before.context.participants.map(({ id, connectionType }: any) =>
          id === event.id || id === event.peerId ? (connectionType ?? event.connectionType) : connectionType
        )
      )
  },
  {
    sentence: "The timeline says who came and who went, in order.",
    when: (step) => is("story.joined", "story.left")(step) && step.before.context.timeline.length < limit,
    holds: ({ before, event, after }) =>
      same(after.context.timeline, [
        ...before.context.timeline,
        event.type === "story.joined"
          ? { event: "peer_joined", at: event.at, id: event.id, name: event.name, connectionType: event.connectionType }
          : { event: "participant_disconnected", at: event.at, id: event.id }
      ])
  }
]

export const story: Subject = {
  name: "story",
  machine: storyMachine,
  adapters: { actions: ["tell", "requestDeadline", "cancelDeadline"] },
  settings: () => [
    {
      name: "an open flight's",
      input: { flightId: "ABC234", flightCode: "ABC234", creatorId: "ann", startedAt, staleMs, entries: limit },
      events: () => [
        ...["ann", "bob", "cid", "dan"].map((id) => ({
          type: "story.seated",
          id,
          name: id,
          ip: "192.0.2.1",
          at: 1_010
        })),
        { type: "story.joined", id: "bob", name: "bob", connectionType: "lan", peerId: "ann", at: 1_020 },
        { type: "story.joined", id: "cid", name: "cid", connectionType: "wan", peerId: "ann", at: 1_030 },
        { type: "story.left", id: "bob", at: 1_040 },
        { type: "story.ended", signals: 7 },
        { type: "story.crowdedOut" },
        { type: "deadline", at: startedAt + staleMs },
        { type: "server.draining" }
      ]
    }
  ],
  facts: ({ context }: { context: StoryContext }) => [
    context.participants.length,
    context.participants.filter(({ connectionType }) => connectionType !== null).length,
    context.timeline.length,
    context.omitted > 0
  ],
  laws
}
