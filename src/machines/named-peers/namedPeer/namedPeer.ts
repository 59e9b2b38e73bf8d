/**
 * A peer: one client from the opening of its socket to its end. Its frames become events only as long as nobody knows its
 * name; once it is logged in they go from socket to socket, and the actor has the login, the probe and the end.
 */
import { assign, setup } from "xstate"
import type { Aftermath, Crash } from "../../kinds.ts"
import { present } from "../../present.ts"
import { speakAs } from "../../registry.ts"
import { namedPeerAt, nameSpaceAt, peerSocketAt } from "../addresses.ts"
import type { NamedPeersEvent, Refusal } from "../events.ts"
import type { NameSpaceEvent } from "../nameSpace/nameSpaceContext.ts"
import type { Dismissal, NamedPeerEvent, PeerContext, PeerFault, PeerInput, PeerSettings } from "./namedPeerContext.ts"

const { tell } = speakAs(({ id }: PeerContext) => namedPeerAt(id))

const peerSetup = setup({
  types: {
    context: {} as PeerContext,
    events: {} as NamedPeerEvent,
    input: {} as PeerInput & PeerSettings
  },
  guards: {
    isOutlived: ({ context }) => context.outlived
  },
  actions: {
    /** Lets the socket's frames in as events. */
    openSocket: () => {},
    // Frames to the client
    tellPong: () => {},
    tellFault: (_, _fault: { fault: PeerFault }) => {},
    // The socket
    /** Tells the client why it has to go, and begins the closing handshake. */
    dismissSocket: (_, _dismissal: { cause: Dismissal }) => {},
    /** Ends the socket without waiting for its client. */
    cutSocket: () => {},
    /** Asks for a sign of life: `socket.answered` or, after that time, `socket.silent`. */
    probeSocket: (_, _question: { probe: number; withinMs: number }) => {},
    /** Later frames wait, in order, until they are released. */
    holdFrames: () => {},
    releaseFrames: () => {},
    /** Nothing goes to this socket any more, and nothing that it sends to others. */
    dropSeat: () => {},
    /** One more name of its address, and one less. */
    countName: () => {},
    uncountName: () => {},
    /** Asks for a `deadline` event in so many milliseconds. */
    requestDeadline: (_, _parameters: { afterMs: number }) => {},
    cancelDeadline: () => {},
    record: (_, _event: NamedPeersEvent) => {},
    // Its space
    rememberLogin: assign({
      login: (_, { name, key }: { name: string; key: string | null }) => ({ name, key, arrival: 0 })
    }),
    rememberArrival: assign({
      login: ({ context }, { arrival }: { arrival: number }) => ({ ...present(context.login, "login"), arrival })
    }),
    resumeName: tell(({ context }) => {
      const { id: peerId, space, address, login } = context
      return {
        to: nameSpaceAt(space),
        input: { id: space },
        event: { type: "peer.resume", peerId, address, ...present(login, "login") } satisfies NameSpaceEvent
      }
    }),
    claimName: tell(({ context }) => {
      const { id, space, address } = context
      const { name, key } = present(context.login, "login")
      return {
        to: nameSpaceAt(space),
        input: { id: space },
        event: { type: "peer.claim", peerId: id, name, key, address } satisfies NameSpaceEvent,
        replyTo: namedPeerAt(id)
      }
    }),
    leaveSpace: tell(({ context }) => ({
      to: nameSpaceAt(context.space),
      event: { type: "peer.leave", peerId: context.id } satisfies NameSpaceEvent
    })),
    reportLife: tell(({ context }, { probe }: { probe: number }) => ({
      to: nameSpaceAt(context.space),
      event: { type: "holder.answered", peerId: context.id, probe } satisfies NameSpaceEvent
    })),
    reportSilence: tell(({ context }, { probe }: { probe: number }) => ({
      to: nameSpaceAt(context.space),
      event: { type: "holder.silent", peerId: context.id, probe } satisfies NameSpaceEvent
    }))
  }
})

type InContext = { readonly context: PeerContext }

/** Sends the client away before it is logged in. */
const refuse = (cause: Refusal) =>
  [
    { type: "dismissSocket", params: { cause } },
    {
      type: "record",
      params: ({ context }: InContext) => ({
        name: "named_peer:refused" as const,
        peerId: context.id,
        ip: context.address,
        cause
      })
    }
  ] as const

const dismiss = (cause: Dismissal) => ({ type: "dismissSocket", params: { cause } }) as const
const alreadyLoggedIn = { actions: { type: "tellFault", params: { fault: "already_logged_in" } } } as const

export const namedPeerMachine = peerSetup.createMachine({
  id: "namedPeer",
  description: "One client: nobody knows it, it waits for the name that it wants, it is logged in, it goes.",
  context: ({ input }) => ({ ...input, login: null }),
  initial: "connected",
  states: {
    connected: {
      entry: "openSocket",
      initial: "anonymous",
      on: {
        "server.draining": { target: "dismissed", actions: dismiss("shutdown") },
        "operator.ends": { target: "dismissed", actions: dismiss("operator") }
      },
      states: {
        anonymous: {
          description: "Has not said who it is. It is nobody's peer: nothing that it sends goes to others.",
          entry: { type: "requestDeadline", params: ({ context }) => ({ afterMs: context.loginWithinMs }) },
          exit: "cancelDeadline",
          on: {
            "login.asked": {
              target: "named",
              actions: [{ type: "rememberLogin", params: ({ event: { name, key } }) => ({ name, key }) }, "claimName"]
            },
            "login.invalid": { target: "#namedPeer.dismissed", actions: refuse("invalid_name") },
            "login.overdrawn": { target: "#namedPeer.dismissed", actions: refuse("address_full") },
            "peer.pinged": { actions: "tellPong" },
            "message.sent": { actions: { type: "tellFault", params: { fault: "not_logged_in" } } },
            deadline: { target: "#namedPeer.dismissed", actions: refuse("login_timeout") },
            "socket.closed": { target: "#namedPeer.gone" }
          }
        },
        named: {
          description: "Has a name, or has asked for one: it counts as one of its address.",
          entry: "countName",
          exit: "uncountName",
          initial: "claiming",
          on: {
            "server.draining": {
              guard: "isOutlived",
              target: "#namedPeer.dismissed",
              actions: [dismiss("shutdown"), "leaveSpace"]
            },
            // It may have asked twice, and be given the name by the second answer.
            "name.refused": {
              target: "#namedPeer.dismissed",
              actions: [
                "leaveSpace",
                { type: "dismissSocket", params: ({ event: { cause } }) => ({ cause }) },
                {
                  type: "record",
                  params: ({ context, event: { cause } }) => ({
                    name: "named_peer:refused",
                    peerId: context.id,
                    ip: context.address,
                    cause
                  })
                }
              ]
            },
            "child.unavailable": { target: "#namedPeer.dismissed", actions: [...refuse("unavailable"), "leaveSpace"] },
            "space.lost": { target: "#namedPeer.dismissed", actions: ["leaveSpace", dismiss("fault")] },
            "operator.ends": { target: "#namedPeer.dismissed", actions: [dismiss("operator"), "leaveSpace"] },
            "socket.closed": { target: "#namedPeer.gone", actions: "leaveSpace" }
          },
          states: {
            claiming: {
              description: "The space has been asked for the name; it may have to find out whether its holder lives.",
              entry: [
                "holdFrames",
                { type: "requestDeadline", params: ({ context }) => ({ afterMs: context.answerWithinMs }) }
              ],
              exit: ["cancelDeadline", "releaseFrames"],
              on: {
                "name.given": {
                  target: "loggedIn",
                  actions: { type: "rememberArrival", params: ({ event: { arrival } }) => ({ arrival }) }
                },
                // The question may be lost with the node that was asked.
                "space.moved": { actions: "claimName" },
                "child.crashed": { target: "#namedPeer.dismissed", actions: dismiss("fault") },
                // It hears behind the claim that the name is not wanted any more.
                deadline: { target: "#namedPeer.dismissed", actions: [...refuse("unavailable"), "leaveSpace"] }
              }
            },
            loggedIn: {
              description: "Has its name, and all others in the space know it.",
              exit: "dropSeat",
              on: {
                "space.moved": { actions: "resumeName" },
                // It was taken for gone, and is there again.
                "name.given": {
                  actions: { type: "rememberArrival", params: ({ event: { arrival } }) => ({ arrival }) }
                },
                // What it has said reaches nobody. It may have said since then that it is there.
                "child.missing": {
                  target: "#namedPeer.dismissed",
                  actions: [...refuse("unavailable"), "leaveSpace"]
                },
                "login.asked": alreadyLoggedIn,
                "login.invalid": alreadyLoggedIn,
                "login.overdrawn": alreadyLoggedIn,
                "peer.pinged": { actions: "tellPong" },
                "name.wanted": {
                  actions: {
                    type: "probeSocket",
                    params: ({ event: { probe, withinMs } }) => ({ probe, withinMs })
                  }
                },
                "socket.answered": {
                  actions: { type: "reportLife", params: ({ event }) => ({ probe: event.probe }) }
                },
                "socket.silent": {
                  actions: { type: "reportSilence", params: ({ event }) => ({ probe: event.probe }) }
                },
                // It may have asked twice for the name, and be given it again by the second answer.
                "name.lost": { target: "#namedPeer.dismissed", actions: ["leaveSpace", dismiss("replaced")] }
              }
            }
          }
        }
      }
    },
    dismissed: {
      description: "Has been told to go. One that does not answer that is cut.",
      entry: { type: "requestDeadline", params: ({ context }) => ({ afterMs: context.cutAfterMs }) },
      exit: "cancelDeadline",
      on: {
        deadline: { actions: "cutSocket" },
        "socket.closed": { target: "gone" }
      }
    },
    gone: { type: "final" }
  }
})

/** Its socket is closed, and its name is free again. */
export const namedPeerCrash = ({ id, context }: Crash<PeerContext>): Aftermath<NamedPeersEvent> => ({
  tell: [
    { to: peerSocketAt(id), event: { type: "socket.abandoned" } },
    ...(context === undefined
      ? []
      : [{ to: nameSpaceAt(context.space), event: { type: "peer.leave", peerId: id } satisfies NameSpaceEvent }])
  ],
  record: []
})
