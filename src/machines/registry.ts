/**
 * The registry: the one way from an actor to another whose address it knows. This one hands on what it is told at once.
 * All that charts may count on is less, so that another registry, one that reaches other processes, may take its time:
 * what one actor says to another arrives in the order in which it was said, and what it says in one moment in one
 * moment. Nothing is promised about the order between different pairs.
 *
 * Most addresses are those of supervised actors. An endpoint is a kind of addresses that an adapter answers for: the
 * sockets, or whoever waits for answers on behalf of HTTP.
 */
import {
  type ActionArgs,
  type ActionFunction,
  type ActorLogic,
  type ActorRef,
  type AnyActorRef,
  type AnyEventObject,
  type EventObject,
  type MachineContext,
  type ParameterizedObject,
  sendTo
} from "xstate"
import type { Address } from "./address.ts"
import type { SupervisorRef, SupervisorReply } from "./supervisor.ts"

/** Something for an actor. */
export interface Message {
  readonly to: Address
  readonly event: AnyEventObject
  /** Absent: without such an actor nobody hears it, and `replyTo` is told `child.missing`. Else one is started with it. */
  readonly input?: object | undefined
  /** Who hears what the supervisor says when it could not deliver (see SupervisorReply). */
  readonly replyTo?: Address | undefined
  /** Comes back with that. */
  readonly requestId?: number | undefined
}

/** An actor that is to be started and given its first event; `replyTo` hears `child.exists` when there is one already. */
export interface Beginning extends Omit<Message, "input" | "event"> {
  readonly input: object
  readonly event?: AnyEventObject | undefined
}

/** Takes what is addressed to a kind that no supervisor answers for. */
export type Endpoint = (id: string, event: AnyEventObject) => void

export type RegistryEvent =
  | ({ readonly type: "tell"; readonly from: Address } & Message)
  | ({ readonly type: "start"; readonly from: Address } & Beginning)
  /** For everybody of a kind who is there. */
  | { readonly type: "tellAll"; readonly kind: string; readonly from: Address; readonly event: AnyEventObject }
  /** An adapter answers for a kind of addresses from now on. */
  | { readonly type: "endpoint"; readonly kind: string; readonly receive: Endpoint }

export interface RegistrySnapshot {
  readonly status: "active"
  readonly output: undefined
  readonly error: undefined
  readonly endpoints: ReadonlyMap<string, Endpoint>
}

export type RegistryLogic = ActorLogic<RegistrySnapshot, RegistryEvent, void>
export type RegistryRef = ActorRef<RegistrySnapshot & { context: never }, RegistryEvent>

/** The name of the registry in the system. */
export const registryId = "registry"

/** The registry of a system: the target of what is sent to an address. */
export const registryOf = ({ system }: { readonly system: AnyActorRef["system"] }): RegistryRef =>
  system.get(registryId) as RegistryRef

type Scope = Parameters<RegistryLogic["transition"]>[2]
type EventOf<Type extends RegistryEvent["type"]> = Extract<RegistryEvent, { type: Type }>

const supervisorOf = (scope: Scope, kind: string): SupervisorRef | undefined =>
  scope.system.get(kind) as SupervisorRef | undefined

const answer = (scope: Scope, type: SupervisorReply["type"], { to, replyTo, requestId }: Message) => {
  if (replyTo === undefined) return
  scope.self.send({
    type: "tell",
    to: replyTo,
    from: to,
    event: { type, id: to.id, requestId } satisfies SupervisorReply
  })
}

/** An adapter's fault must not become that of everybody who speaks through the registry. */
const handOver = (scope: Scope, receive: Endpoint, { to, event }: Message) => {
  try {
    receive(to.id, event)
  } catch (error) {
    scope.system.get("tower")?.send({ type: "endpoint.failed", kind: to.kind, id: to.id, error })
  }
}

const tell = (scope: Scope, { endpoints }: RegistrySnapshot, message: EventOf<"tell">) => {
  const { to, event, input, replyTo, requestId } = message
  const endpoint = endpoints.get(to.kind)
  if (endpoint !== undefined) return handOver(scope, endpoint, message)
  const supervisor = supervisorOf(scope, to.kind)
  if (supervisor === undefined) return answer(scope, "child.missing", message)
  const { children, isPatient } = supervisor.getSnapshot()
  // Straight to a living child: the supervisor would say nothing else, and take as long again.
  const child = isPatient ? undefined : children.get(to.id)
  if (child === undefined || child.getSnapshot().status !== "active") {
    return supervisor.send({ type: "child.tell", id: to.id, event, input, replyTo, requestId })
  }
  child.send(event)
  if (hasCrashed(child)) answer(scope, "child.crashed", message)
}

/** Whoever asked must not wait for a child that this very question has killed. */
export const hasCrashed = (child: AnyActorRef): boolean => child.getSnapshot().status === "error"

/**
 * The registry of one process: hands everything on at once, in order. `elsewhere` sees to what is not for an actor of this
 * process, and says so with true; absent: there are no others.
 */
export const createRegistry = (elsewhere?: (event: RegistryEvent) => boolean): RegistryLogic => ({
  getInitialSnapshot: () => ({ status: "active", output: undefined, error: undefined, endpoints: new Map() }),
  transition: (snapshot, event, scope) => {
    if (elsewhere?.(event) === true) return snapshot
    switch (event.type) {
      case "tell":
        scope.defer(() => tell(scope, snapshot, event))
        return snapshot
      case "start": {
        const { to, input, event: first, replyTo, requestId } = event
        const supervisor = supervisorOf(scope, to.kind)
        scope.defer(() => supervisor?.send({ type: "child.start", id: to.id, input, event: first, replyTo, requestId }))
        return snapshot
      }
      case "tellAll": {
        const supervisor = supervisorOf(scope, event.kind)
        scope.defer(() => supervisor?.send({ type: "children.tell", event: event.event }))
        return snapshot
      }
      case "endpoint":
        return { ...snapshot, endpoints: new Map([...snapshot.endpoints, [event.kind, event.receive]]) }
      default:
        return snapshot
    }
  },
  getPersistedSnapshot: (snapshot) => snapshot
})

type Speech<Context extends MachineContext, Event extends EventObject, Parameters, Said> = (
  args: ActionArgs<Context, Event, Event>,
  parameters: Parameters
) => Said

/**
 * The actions with which a chart speaks to others: `tell` says something to an actor, `start` begins one. `addressOf` is
 * the chart's own address, by its context.
 */
export const speakAs = <Context extends MachineContext>(addressOf: (context: Context) => Address) => ({
  tell: <Event extends EventObject, Parameters extends ParameterizedObject["params"] | undefined>(
    message: Speech<Context, Event, Parameters, Message>
  ): ActionFunction<Context, Event, Event, Parameters, never, never, never, never, never> =>
    sendTo(registryOf, (args: ActionArgs<Context, Event, Event>, parameters: Parameters) => {
      const { to, event, input, replyTo, requestId } = message(args, parameters)
      return { type: "tell" as const, from: addressOf(args.context), to, event, input, replyTo, requestId }
    }),
  start: <Event extends EventObject, Parameters extends ParameterizedObject["params"] | undefined>(
    beginning: Speech<Context, Event, Parameters, Beginning>
  ): ActionFunction<Context, Event, Event, Parameters, never, never, never, never, never> =>
    sendTo(registryOf, (args: ActionArgs<Context, Event, Event>, parameters: Parameters) => {
      const { to, event, input, replyTo, requestId } = beginning(args, parameters)
      return { type: "start" as const, from: addressOf(args.context), to, event, input, replyTo, requestId }
    })
})
