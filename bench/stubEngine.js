/** An engine without media: ids, and parameters as large as they are. */
import { capabilities, given } from "./mediaFrames.js"

let made = 0
const id = () => `00000000-0000-4000-8000-${String(++made).padStart(12, "0")}`
const done = Promise.resolve()

export const openMediasoup = async () => ({
  startWorker: async () => ({ pid: process.pid }),
  closeWorker: () => {},
  openRouter: async () => capabilities,
  closeRouter: () => {},
  openTransport: async () => ({ ...given.transport, id: id() }),
  connectTransport: () => done,
  closeTransport: () => {},
  produce: async () => ({ id: id() }),
  consume: async (_, producerId) => ({ ...given.consumer, id: id(), producerId }),
  resumeConsumer: () => done,
  usage: async () => ({ workers: [] }),
  bitRates: async () => new Map(),
  close: () => done
})
