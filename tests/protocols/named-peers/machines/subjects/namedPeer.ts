import { namedPeerCrash, namedPeerMachine } from "../../../../../src/machines/named-peers/namedPeer/namedPeer.ts"
import { type Law, type Setting, type Step, type Subject, same } from "../../../../walking/subject.ts"

const id = "ann"
const space = "studio-7"
const address = "192.0.2.1"
const input = { id, space, address, loginWithinMs: 30, answerWithinMs: 10, cutAfterMs: 2, outlived: false }

const isIn = (snapshot: any, state: "anonymous" | "claiming" | "loggedIn"): boolean => {
  const place = snapshot?.value.connected
  return place === state || place?.named === state
}
const isNamed = (snapshot: any): boolean => isIn(snapshot, "claiming") || isIn(snapshot, "loggedIn")
const isConnected = (snapshot: any): boolean => isIn(snapshot, "anonymous") || isNamed(snapshot)
const is =
  (...types: string[]) =>
  ({ event, before }: Step) =>
    before !== undefined && types.includes(event.type)
const said =
  (state: "anonymous" | "claiming" | "loggedIn", ...types: string[]) =>
  (step: Step) =>
    is(...types)(step) && isIn(step.before, state)
const any =
  (...cases: readonly ((step: Step) => boolean)[]) =>
  (step: Step) =>
    cases.some((each) => each(step))

const logins = ["login.asked", "login.invalid", "login.overdrawn"]

/** Why the client is sent away in this step; undefined: it is not. */
const causeOf = (step: Step): string | undefined => {
  if (step.before === undefined || !isConnected(step.before)) return undefined
  if (is("server.draining")(step)) return "shutdown"
  if (is("operator.ends")(step)) return "operator"
  if (isIn(step.before, "anonymous")) {
    const causes = new Map([
      ["login.invalid", "invalid_name"],
      ["login.overdrawn", "address_full"],
      ["deadline", "login_timeout"]
    ])
    return causes.get(step.event.type)
  }
  if (is("space.lost")(step)) return "fault"
  if (is("name.refused")(step)) return step.event.cause
  if (is("child.unavailable")(step)) return "unavailable"
  if (isIn(step.before, "loggedIn")) {
    return is("name.lost")(step) ? "replaced" : is("child.missing")(step) ? "unavailable" : undefined
  }
  const causes = new Map([
    ["child.crashed", "fault"],
    ["deadline", "unavailable"]
  ])
  return causes.get(step.event.type)
}
/** It has not been let in, for one of the reasons that are counted. */
const isRefused = (step: Step): boolean =>
  causeOf(step) !== undefined && !["shutdown", "fault", "replaced", "operator"].includes(causeOf(step) as string)

const toSpace = (event: object, more: object = {}) => ({
  type: "tell",
  from: { kind: "namedPeers", id },
  to: { kind: "nameSpaces", id: space },
  event,
  ...more
})
const leave = toSpace({ type: "peer.leave", peerId: id })

const laws: readonly Law[] = [
  {
    sentence: "Should it crash, its socket hears so, and its space that it is gone.",
    holds: ({ after }) =>
      same(namedPeerCrash({ id, error: "a fault", at: 80, context: after.context }), {
        tell: [
          { to: { kind: "namedPeerSockets", id }, event: { type: "socket.abandoned" } },
          { to: { kind: "nameSpaces", id: space }, event: { type: "peer.leave", peerId: id } }
        ],
        record: []
      }) &&
      same(namedPeerCrash({ id, error: "a fault", at: 80, context: undefined }), {
        tell: [{ to: { kind: "namedPeerSockets", id }, event: { type: "socket.abandoned" } }],
        record: []
      })
  },
  {
    sentence: "It listens to its socket from the beginning, and is nobody until it says who it is.",
    when: ({ before }) => before === undefined,
    holds: (step) => step.did("openSocket").length === 1 && isIn(step.after, "anonymous")
  },
  {
    sentence: "Where it is follows from what it has heard: a login asks for the name, the space gives it or does not.",
    holds: (step) => {
      const { before, after } = step
      if (before === undefined) return true
      if (is("socket.closed")(step) && before.status === "active") return after.value === "gone"
      if (causeOf(step) !== undefined) return after.value === "dismissed"
      if (said("anonymous", "login.asked")(step)) return isIn(after, "claiming")
      if (said("claiming", "name.given")(step)) return isIn(after, "loggedIn")
      return same(after.value, before.value)
    }
  },
  {
    sentence: "Who is sent away is told why, once, and nobody else is.",
    holds: (step) => same(step.did("dismissSocket"), causeOf(step) === undefined ? [] : [{ cause: causeOf(step) }])
  },
  {
    sentence: "Every refusal is recorded, with its reason.",
    holds: (step) =>
      same(
        step.did("record"),
        isRefused(step) ? [{ name: "named_peer:refused", peerId: id, ip: address, cause: causeOf(step) }] : []
      )
  },
  {
    sentence: "What it asks for and how manieth it is are remembered.",
    holds: (step) => {
      const before = step.before?.context.login ?? null
      const { login } = step.after.context
      if (said("anonymous", "login.asked")(step)) {
        return same(login, { name: step.event.name, key: step.event.key, arrival: 0 })
      }
      const isGiven = is("name.given")(step) && isNamed(step.before)
      return same(login, isGiven ? { ...before, arrival: step.event.arrival } : before)
    }
  },
  {
    sentence: "When its space goes on elsewhere it says there what it is called, or asks again for the name.",
    when: (step) => is("space.moved")(step),
    holds: (step) => {
      const { login } = step.before.context
      const claim = toSpace(
        { type: "peer.claim", peerId: id, name: login?.name, key: login?.key, address },
        { input: { id: space }, replyTo: { kind: "namedPeers", id } }
      )
      const resume = toSpace({ type: "peer.resume", peerId: id, address, ...login }, { input: { id: space } })
      return same(
        step.sent("nameSpaces"),
        isIn(step.before, "claiming") ? [claim] : isIn(step.before, "loggedIn") ? [resume] : []
      )
    }
  },
  {
    sentence:
      "The space is asked for the name once, with all that belongs to the question, and who must hear the answer.",
    when: said("anonymous", "login.asked"),
    holds: (step) => {
      const { name, key } = step.event
      return same(step.sent("nameSpaces"), [
        toSpace(
          { type: "peer.claim", peerId: id, name, key, address },
          { input: { id: space }, replyTo: { kind: "namedPeers", id } }
        )
      ])
    }
  },
  {
    sentence:
      "The space hears when somebody with a name, or who waits for one, goes or gives up, whoever has said so first, and what a probe has shown.",
    when: (step) => !said("anonymous", "login.asked")(step) && !is("space.moved")(step),
    holds: (step) => {
      const { event } = step
      const isOutlived = is("server.draining")(step) && step.before.context.outlived
      const goes =
        ((is("socket.closed", "operator.ends", "child.unavailable", "name.refused", "space.lost")(step) ||
          isOutlived) &&
          isNamed(step.before)) ||
        said("claiming", "deadline")(step) ||
        said("loggedIn", "child.missing", "name.lost")(step)
          ? [leave]
          : []
      const shown = [
        ...(said("loggedIn", "socket.answered")(step) ? ["holder.answered"] : []),
        ...(said("loggedIn", "socket.silent")(step) ? ["holder.silent"] : [])
      ].map((type) => toSpace({ type, peerId: id, probe: event.probe }))
      return same(step.sent("nameSpaces"), [...goes, ...shown])
    }
  },
  {
    sentence: "Its frames wait while the space is asked, and no longer.",
    holds: (step) => {
      const begins = !isIn(step.before, "claiming") && isIn(step.after, "claiming")
      const ends = isIn(step.before, "claiming") && !isIn(step.after, "claiming")
      return step.did("holdFrames").length === Number(begins) && step.did("releaseFrames").length === Number(ends)
    }
  },
  {
    sentence: "It counts as a name of its address from the question to its end.",
    holds: (step) => {
      const begins = !isNamed(step.before) && isNamed(step.after)
      const ends = isNamed(step.before) && !isNamed(step.after)
      return step.did("countName").length === Number(begins) && step.did("uncountName").length === Number(ends)
    }
  },
  {
    sentence: "Nothing goes to it or comes from it any more once it is not logged in any more.",
    holds: (step) =>
      step.did("dropSeat").length === Number(isIn(step.before, "loggedIn") && !isIn(step.after, "loggedIn"))
  },
  {
    sentence:
      "It has so long to say who it is, the space so long to answer, and a client that is sent away so long to go.",
    holds: (step) => {
      const clocks = [
        { isOn: (snapshot: any) => isIn(snapshot, "anonymous"), afterMs: 30 },
        { isOn: (snapshot: any) => isIn(snapshot, "claiming"), afterMs: 10 },
        { isOn: (snapshot: any) => snapshot?.value === "dismissed", afterMs: 2 }
      ]
      const begun = clocks.filter(({ isOn }) => !isOn(step.before) && isOn(step.after))
      const ended = clocks.filter(({ isOn }) => isOn(step.before) && !isOn(step.after))
      return (
        same(
          step.did("requestDeadline"),
          begun.map(({ afterMs }) => ({ afterMs }))
        ) && step.did("cancelDeadline").length === ended.length
      )
    }
  },
  {
    sentence: "Who has been sent away and does not go is cut, and hears nothing more.",
    when: ({ before }) => before?.value === "dismissed",
    holds: (step) =>
      step.effects.every((effect) => "did" in effect && /^(cutSocket|cancelDeadline)$/.test(effect.did)) &&
      step.did("cutSocket").length === Number(is("deadline")(step))
  },
  {
    sentence: "Nobody is cut who has not been told to go.",
    when: ({ before }) => before?.value !== "dismissed",
    holds: (step) => step.did("cutSocket").length === 0
  },
  {
    sentence: "A ping is answered, before the login too.",
    holds: (step) =>
      step.did("tellPong").length ===
      Number(any(said("anonymous", "peer.pinged"), said("loggedIn", "peer.pinged"))(step))
  },
  {
    sentence: "Who has not logged in is told so at whatever it sends, and who has is told so at every further login.",
    holds: (step) => {
      const fault = said("anonymous", "message.sent")(step)
        ? "not_logged_in"
        : said("loggedIn", ...logins)(step)
          ? "already_logged_in"
          : undefined
      return same(step.did("tellFault"), fault === undefined ? [] : [{ fault }])
    }
  },
  {
    sentence: "It asks its socket for a sign of life when its space wants to know, and never by itself.",
    holds: (step) =>
      same(
        step.did("probeSocket"),
        said("loggedIn", "name.wanted")(step) ? [{ probe: step.event.probe, withinMs: step.event.withinMs }] : []
      )
  }
]

const events = [
  { type: "login.asked", name: "paris", key: null },
  { type: "login.asked", name: "nantes", key: "digest of a secret" },
  { type: "login.invalid" },
  { type: "login.overdrawn" },
  { type: "peer.pinged" },
  { type: "message.sent" },
  { type: "name.given", arrival: 4 },
  { type: "name.given", arrival: 6 },
  { type: "space.moved" },
  { type: "child.missing", id: space },
  { type: "name.refused", cause: "name_taken" },
  { type: "name.refused", cause: "space_full" },
  { type: "name.wanted", probe: 3, withinMs: 50 },
  { type: "name.lost" },
  { type: "space.lost" },
  { type: "socket.answered", probe: 3 },
  { type: "socket.silent", probe: 4 },
  { type: "socket.closed" },
  { type: "child.unavailable", id: space },
  { type: "child.crashed", id: space },
  { type: "server.draining" },
  { type: "operator.ends" },
  { type: "deadline", at: 90 }
]

const settings = (): readonly Setting[] => [
  { name: "a client", input, events: () => events },
  { name: "a client of a node", input: { ...input, outlived: true }, events: () => events }
]

export const namedPeer: Subject = {
  name: "namedPeer",
  machine: namedPeerMachine,
  adapters: {
    actions: [
      "openSocket",
      "tellPong",
      "tellFault",
      "dismissSocket",
      "cutSocket",
      "probeSocket",
      "holdFrames",
      "releaseFrames",
      "dropSeat",
      "countName",
      "uncountName",
      "requestDeadline",
      "cancelDeadline",
      "record"
    ]
  },
  settings,
  facts: () => null,
  laws
}
