/**
 * Links: the data plane. While two are paired, their sockets are each other's peer, and a signal frame goes straight from
 * one to the other without passing an actor. The statechart of what pairs them, a flight or a room, alone opens and closes
 * links; each is known by its id.
 *
 * What one client sends must not come before the other has been told who it is: that a link is open and that a client
 * has been told of it are said by two actors, of which the second may be late. Until then frames wait, and whoever sends
 * too many is not read. In one process both happen in the same moment, and no frame ever waits.
 *
 * One end of a link may be another node's. Each of the two nodes then opens the link for itself; frames wait at the node of
 * the one whom they are for.
 */
import { limits } from "../../limits.ts"
import { type Linkable, pausedFor } from "./sender.ts"

/** What has passed over all links of one id. */
export interface LinkCount {
  signals: number
}

/** Meetings since the start: each link that was opened is one, of two nodes counted by that of its first end. */
export interface Meetings {
  /** Two have been joined. */
  readonly paired: number
  /** Frames have gone both ways. */
  readonly answered: number
  /** Of those, the ones that a fault of the server has ended. */
  readonly faulted: number
  /** Over before frames had gone both ways. */
  readonly vain: number
  /** Links that are open now. */
  readonly open: number
}

/** What two share of the link between them. */
interface Meeting {
  /** By this node. */
  readonly isCounted: boolean
  isAnswered: boolean
  isOver: boolean
}

/** One socket's end of a link. */
export interface LinkEnd {
  /** Of what has opened it. */
  readonly id: string
  readonly peer: Linkable
  readonly count: LinkCount
  readonly meeting: Meeting
  /** This end has sent something. */
  hasSpoken: boolean
  /** The client at the other end knows of this one, or its node sees to that. */
  isIntroduced: boolean
  /** Frames for the other end that wait for that; null: none. */
  waiting: { readonly frames: (Buffer | string)[]; bytes: number } | null
}

export interface Links {
  /** Nothing happens unless both are there; one of them may be remote. */
  open(id: string, first: Linkable | undefined, second: Linkable | undefined): void
  close(id: string, first: Linkable | undefined, second: Linkable | undefined): void
  /**
   * The socket's client has been told that the one with this id is its peer: what that one sends may come. False: the socket
   * has no link at all, so what it was told is out of date, or that one has gone.
   */
  introduced(socket: Linkable, peerId: string): boolean
  /** Ends a socket's link that whoever has opened it cannot close any more. */
  drop(id: string, socket: Linkable): void
  /** The same, as its client has left what has opened it: no fault. */
  leave(id: string, socket: Linkable): void
  /** Sends a frame to the socket's peer; without one it goes nowhere. */
  forward(from: Linkable, frame: Buffer | string): void
  /** How many frames have passed over all links of this id, both ways, as far as this node has an end of them. */
  signalsOf(id: string): number
  /** What has opened them has ended: its count is not needed any more. */
  forget(id: string): void
  readonly meetings: Meetings
}

export const createLinks = (): Links => {
  const counts = new Map<string, LinkCount>()
  const meetings = { paired: 0, answered: 0, faulted: 0, vain: 0, open: 0 }

  const finish = (meeting: Meeting, isFault: boolean) => {
    if (meeting.isOver) return
    meeting.isOver = true
    if (!meeting.isCounted) return
    meetings.open--
    if (!meeting.isAnswered) meetings.vain++
    else if (isFault) meetings.faulted++
  }

  /** Ends the link that a socket has, or only one of this id; what waits in it goes nowhere. */
  const part = (socket: Linkable | undefined, id?: string, isFault = false) => {
    if (!socket?.link || (id !== undefined && socket.link.id !== id)) return
    finish(socket.link.meeting, isFault)
    if (socket.link.waiting !== null) socket.readOn(pausedFor.introduction)
    socket.link = null
  }

  /** Ends a link for both. Each of them may have another one by now. */
  const partBoth = (socket: Linkable, isFault = false) => {
    if (socket.link === null) return
    part(socket.link.peer, socket.link.id, isFault)
    part(socket, undefined, isFault)
  }

  const join = (id: string, socket: Linkable, peer: Linkable, count: LinkCount, meeting: Meeting) => {
    socket.link = { id, peer, count, meeting, hasSpoken: false, isIntroduced: peer.isRemote, waiting: null }
  }

  const keepWaiting = (from: Linkable, link: LinkEnd, frame: Buffer | string) => {
    link.waiting ??= { frames: [], bytes: 0 }
    link.waiting.frames.push(frame)
    link.waiting.bytes += frame.length
    if (link.waiting.bytes > limits.heldFramesBytes) from.stopReading(pausedFor.introduction)
  }

  const pass = (from: Linkable, link: LinkEnd, frame: Buffer | string) => {
    const { peer, count, meeting } = link
    count.signals++
    if (!link.hasSpoken) {
      link.hasSpoken = true
      if (peer.link?.meeting === meeting && peer.link.hasSpoken) {
        meeting.isAnswered = true
        if (meeting.isCounted) meetings.answered++
      }
    }
    peer.relay(frame, from)
  }

  return {
    open: (id, first, second) => {
      if (first === undefined || second === undefined) return
      // Where one of them has left, that may not have been heard of yet.
      partBoth(first)
      partBoth(second)
      const count = counts.get(id) ?? { signals: 0 }
      counts.set(id, count)
      const meeting = { isCounted: !first.isRemote, isAnswered: false, isOver: false }
      if (meeting.isCounted) {
        meetings.paired++
        meetings.open++
      }
      join(id, first, second, count, meeting)
      join(id, second, first, count, meeting)
    },
    close: (id, first, second) => {
      part(first, id)
      part(second, id)
    },
    introduced: (socket, peerId) => {
      const peer = socket.link?.peer
      // Late word of a peer that it had before.
      if (peer?.id !== peerId || peer.link === null) return peer !== undefined
      const { link } = peer
      link.isIntroduced = true
      if (link.waiting === null) return true
      const { frames } = link.waiting
      link.waiting = null
      for (const frame of frames) pass(peer, link, frame)
      peer.readOn(pausedFor.introduction)
      return true
    },
    drop: (id, socket) => {
      if (socket.link?.id === id) partBoth(socket, true)
    },
    leave: (id, socket) => {
      if (socket.link?.id === id) partBoth(socket)
    },
    forward: (from, frame) => {
      const { link } = from
      if (link === null) return
      if (link.isIntroduced) pass(from, link, frame)
      else keepWaiting(from, link, frame)
    },
    signalsOf: (id) => counts.get(id)?.signals ?? 0,
    forget: (id) => {
      counts.delete(id)
    },
    meetings
  }
}
