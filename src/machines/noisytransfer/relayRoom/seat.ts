/** One of a room's two seats. */
import { present } from "../../present.ts"
import { type AtSeat, roomSetup } from "./roomActions.ts"
import type { RoomNotice } from "./roomContext.ts"
import type { Side } from "./seats.ts"

/** What every seat does, as a region of the room's chart. */
export const seatOf = (seat: Side) => {
  const atSeat = ({ event: { id } }: { event: { id: string } }): AtSeat => ({ seat, id })
  const ofContest = ({ event: { newcomer } }: { event: { newcomer: string } }): AtSeat => ({ seat, id: newcomer })
  const wanted = {
    type: "isWanted",
    params: ({ event: { side } }: { event: { side: Side } }) => ({ seat, side })
  } as const
  const tellHolder = (notice: RoomNotice) => ({ type: "tellHolder", params: { seat, notice } }) as const
  const tellNewcomer = (notice: RoomNotice) => ({ type: "tellNewcomer", params: { seat, notice } }) as const
  const setNewcomer = (id: string | null) => ({ type: "setNewcomer", params: { seat, id } }) as const
  const seatNewcomer = [
    { type: "giveSeatToNewcomer", params: { seat } },
    { type: "seatNewcomer", params: { seat } }
  ] as const
  const setFree = { type: "setHolder", params: { seat, holder: null } } as const
  const ofNode = ({ event: { mark } }: { event: { mark: string } }) => ({ seat, mark })
  /** Asks again, as the answer may be lost. */
  const again = {
    guard: { type: "isHolder", params: atSeat },
    actions: { type: "giveSeat", params: atSeat }
  } as const
  /** Says that it sits where another one does by now. */
  const denied = {
    guard: {
      type: "isOthers",
      params: ({ event: { id, side } }: { event: { id: string; side: Side } }) => ({ seat, side, id })
    },
    actions: {
      type: "tellMember",
      params: ({ event: { id } }: { event: { id: string } }) => ({ id, notice: { type: "seat.refused" } as RoomNotice })
    }
  } as const
  /** And the one who sits there is looked after, so that nobody who has gone without a word keeps the seat. */
  const refuse = [
    {
      type: "tellMember",
      params: ({ event: { id } }: { event: { id: string } }) => ({ id, notice: { type: "seat.refused" } as RoomNotice })
    },
    tellHolder({ type: "socket.wanted" })
  ] as const

  return roomSetup.createStateConfig({
    initial: "free",
    states: {
      free: {
        on: {
          "seat.take": {
            guard: wanted,
            target: "held",
            actions: [
              { type: "setHolder", params: ({ event: { id, sid } }) => ({ seat, holder: { id, sid } }) },
              { type: "giveSeat", params: atSeat }
            ]
          },
          "seat.resume": {
            guard: wanted,
            target: "held",
            actions: { type: "setHolder", params: ({ event: { id, sid } }) => ({ seat, holder: { id, sid } }) }
          }
        }
      },
      held: {
        on: {
          "seat.take": [
            again,
            {
              guard: { type: "isContest", params: ({ event: { side, sid } }) => ({ seat, side, sid }) },
              target: "contested",
              actions: [
                { type: "setNewcomer", params: atSeat },
                {
                  type: "tellHolder",
                  params: ({ context, event: { id } }) => ({
                    seat,
                    notice: { type: "seat.wanted" as const, newcomer: id, withinMs: context.contestMs }
                  })
                }
              ]
            },
            { guard: wanted, actions: refuse }
          ],
          "seat.resume": denied,
          "seat.leave": {
            guard: { type: "isHolder", params: atSeat },
            target: "free",
            actions: setFree
          },
          "node.gone": { guard: { type: "holderGoes", params: ofNode }, target: "free", actions: setFree }
        }
      },
      contested: {
        description:
          "Somebody of the session that has the seat wants it, and waits in silence until it is known whether its holder lives.",
        on: {
          "seat.take": [again, { guard: { type: "isNewcomer", params: atSeat } }, { guard: wanted, actions: refuse }],
          "seat.resume": denied,
          "node.gone": [
            {
              guard: { type: "bothGo", params: ofNode },
              target: "free",
              actions: [setFree, setNewcomer(null)]
            },
            { guard: { type: "holderGoes", params: ofNode }, target: "held", actions: seatNewcomer },
            { guard: { type: "newcomerGoes", params: ofNode }, target: "held", actions: setNewcomer(null) }
          ],
          "seat.leave": [
            {
              guard: { type: "isHolder", params: atSeat },
              target: "held",
              actions: seatNewcomer
            },
            {
              guard: { type: "isNewcomer", params: atSeat },
              target: "held",
              actions: setNewcomer(null)
            }
          ],
          "probe.answered": {
            guard: { type: "isNewcomer", params: ofContest },
            target: "held",
            actions: [tellNewcomer({ type: "seat.refused" }), setNewcomer(null)]
          },
          "probe.missed": {
            guard: { type: "isNewcomer", params: ofContest },
            target: "held",
            actions: [
              tellHolder({ type: "seat.lost" }),
              {
                type: "record",
                params: ({ context }) => ({
                  name: "relay:replaced",
                  roomId: context.id,
                  clientId: present(context.sitters[seat], "holder").id,
                  side: seat
                })
              },
              ...seatNewcomer
            ]
          }
        }
      }
    }
  })
}
