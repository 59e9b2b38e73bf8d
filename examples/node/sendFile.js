/**
 * Sends a file to whoever joins, and receives what is sent. WebRTC is a package in Node: npm install @roamhq/wrtc
 *
 *   node sendFile.js http://localhost:8080 send picture.jpg      prints a code and waits
 *   node sendFile.js http://localhost:8080 receive ABC234 .      puts what arrives into a folder
 */
import { openAsBlob } from "node:fs"
import { writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import wrtc from "@roamhq/wrtc"
import { createTower, isTowerError } from "silktower/client"
import { receiveFiles, sendFile } from "../files.js"

const [url, what, subject, folder = "."] = process.argv.slice(2)
const { RTCPeerConnection } = wrtc
const tower = createTower({ url, name: "Node", RTCPeerConnection })

const send = async () => {
  const blob = await openAsBlob(subject)
  const file = Object.assign(blob, { name: basename(subject) })
  const room = await tower.createRoom()
  console.log(`Code: ${room.code}`)
  const { channel } = await room.connect()
  await sendFile(channel, file)
  console.log(`Sent ${file.name}, ${file.size} bytes.`)
}

const receive = async () => {
  const room = await tower.joinRoom(subject)
  const seat = await room.attach()
  const left = new Promise((resolve) => seat.on("peer-left", resolve))
  const { channel } = await seat.connect()
  const { name, bytes } = await new Promise((resolve) => receiveFiles(channel, resolve))
  // Somebody else has chosen the name: no path of theirs leads out of the folder.
  const last = basename(name.replaceAll("\\", "/"))
  const path = join(folder, /^\.*$/.test(last) ? "file" : last)
  await writeFile(path, Buffer.from(await bytes.arrayBuffer()))
  console.log(`Received ${path}, ${bytes.size} bytes.`)
  // The other side ends when it has read that the file is here.
  await left
}

try {
  await (what === "send" ? send() : receive())
} catch (error) {
  if (!isTowerError(error)) throw error
  console.error(`${error.name}: ${error.message}`)
  process.exitCode = 1
} finally {
  tower.close()
}
