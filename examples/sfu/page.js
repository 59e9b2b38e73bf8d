/**
 * The page of a call. What the form asks for can stand in the address, so that a call can be shared and tried:
 * `?server=…&roomId=…&userName=…` fill it in, `join` sends it, `layers=0` sends the camera in one layer, `width=320` asks
 * for a picture of that width, `protocol=tcp` does without UDP.
 */
import { cameraLayers, joinCall } from "./call.js"

const wanted = new URLSearchParams(location.search)
const byId = (id) => document.getElementById(id)
const [door, controls, people] = ["door", "controls", "people"].map(byId)
const say = (text) => (byId("state").textContent = text)

/** How long until we come back when the server sends us away, in ms; random, as all others come back too. */
const comingBack = () => 500 + Math.random() * 1000

/** What is seen and heard of somebody, by userId. */
const tiles = new Map()

const show = (userId, name, track, isOurs = false) => {
  let tile = tiles.get(userId)
  if (tile === undefined) {
    const [figure, video, caption] = ["figure", "video", "figcaption"].map((tag) => document.createElement(tag))
    Object.assign(video, { autoplay: true, playsInline: true, muted: isOurs, srcObject: new MediaStream() })
    caption.textContent = name
    figure.append(video, caption)
    people.append(figure)
    tile = { figure, stream: video.srcObject }
    tiles.set(userId, tile)
  }
  tile.stream.addTrack(track)
}

const drop = (userId) => {
  tiles.get(userId)?.figure.remove()
  tiles.delete(userId)
}

const enter = async (asked, stream) => {
  const call = await joinCall({ ...asked, protocol: wanted.get("protocol") ?? undefined })
  // For the curious, in the console.
  globalThis.call = call
  call.onTrack = ({ userId, userName, track }) => show(userId, userName, track)
  call.onLeft = ({ userId }) => drop(userId)
  call.onClosed = ({ code, reason, comeBack }) => {
    for (const userId of [...tiles.keys()]) drop(userId)
    say(`The call has ended: ${code} ${reason}`)
    if (comeBack) setTimeout(() => enterAgain(asked, stream), comingBack())
    else end(stream)
  }
  for (const track of stream.getTracks()) show(call.userId, `${asked.userName} (you)`, track, true)
  try {
    await call.listen()
    for (const track of stream.getTracks()) await call.send(track, wanted.get("layers") === "0" ? [] : cameraLayers)
  } catch (error) {
    call.onClosed = () => {}
    call.leave()
    throw error
  }
  say(`In room ${asked.roomId} as ${call.userId}`)
}

const enterAgain = (asked, stream) =>
  enter(asked, stream).catch((error) => {
    say(error.message)
    setTimeout(() => enterAgain(asked, stream), comingBack())
  })

const end = (stream) => {
  for (const track of stream.getTracks()) track.stop()
  controls.hidden = true
  door.hidden = false
}

/** A button that turns the track of a kind off and on; silence and black go on flowing. */
const toggles = (id, kind, stream, [on, off]) => {
  byId(id).textContent = on
  byId(id).onclick = () => {
    for (const track of stream.getTracks()) {
      if (track.kind !== kind) continue
      track.enabled = !track.enabled
      byId(id).textContent = track.enabled ? on : off
    }
  }
}

door.onsubmit = async (event) => {
  event.preventDefault()
  door.hidden = true
  const asked = Object.fromEntries(new FormData(door))
  let stream
  try {
    say("Asking for camera and microphone …")
    const width = Number(wanted.get("width") ?? 1280)
    stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width, height: (width * 3) / 4 } })
    say("Joining …")
    await enter(asked, stream)
    toggles("mute", "audio", stream, ["Mute", "Unmute"])
    toggles("hide", "video", stream, ["Hide camera", "Show camera"])
    byId("leave").onclick = () => globalThis.call.leave()
    controls.hidden = false
  } catch (error) {
    say(error.message)
    door.hidden = false
    for (const track of stream?.getTracks() ?? []) track.stop()
  }
}

for (const field of door.querySelectorAll("input")) field.value = wanted.get(field.name) ?? field.value
if (wanted.has("join")) door.requestSubmit()
