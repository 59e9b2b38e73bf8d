/** An engine without media: ids and empty parameters. */
let made = 0
const id = () => `00000000-0000-4000-8000-${String(++made).padStart(12, "0")}`
const done = Promise.resolve()

export const openMediasoup = async () => ({
  startWorker: async () => ({ pid: process.pid }),
  closeWorker: () => {},
  openRouter: async () => ({ codecs: [], headerExtensions: [] }),
  closeRouter: () => {},
  openTransport: async () => ({ id: id(), iceParameters: {}, iceCandidates: [], dtlsParameters: {} }),
  connectTransport: () => done,
  closeTransport: () => {},
  produce: async () => ({ id: id() }),
  consume: async (_, producerId) => ({ id: id(), producerId, kind: "audio", rtpParameters: {} }),
  resumeConsumer: () => done,
  usage: async () => ({ workers: [] }),
  bitRates: async () => new Map(),
  close: () => done
})
