/** A picture that is moved about and made larger and smaller, by mouse, finger and keyboard. */
import { make, setText } from "./elements.js"

/** Letters of the pictures, pixels; they are never shown smaller than the second. */
const letter = 12
const smallestLetter = 10
const smallest = smallestLetter / letter
const largest = 3
const step = 1.25

/** `frame`: scrolls; `picture`: an SVG of `width` pixels in it. Gives the buttons. */
export const makeZoom = (frame, picture, width) => {
  let zoom = 1
  const shown = make("output", "zoom")

  /** Keeps what is in the middle where it is. */
  const zoomTo = (wanted) => {
    const next = Math.min(largest, Math.max(smallest, wanted))
    const x = (frame.scrollLeft + frame.clientWidth / 2) / zoom
    const y = (frame.scrollTop + frame.clientHeight / 2) / zoom
    zoom = next
    picture.style.width = `${Math.round(width * zoom)}px`
    setText(shown, `${Math.round(zoom * 100)} %`)
    frame.scrollTo(x * zoom - frame.clientWidth / 2, y * zoom - frame.clientHeight / 2)
  }
  zoomTo(1)
  frame.scrollTo(0, 0)

  const keys = {
    "+": () => zoomTo(zoom * step),
    "=": () => zoomTo(zoom * step),
    "-": () => zoomTo(zoom / step),
    0: () => zoomTo(1)
  }
  frame.addEventListener("keydown", (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key]
    if (act === undefined) return
    event.preventDefault()
    act()
  })
  frame.addEventListener(
    "wheel",
    (event) => {
      // As browsers tell of two fingers; without a key the wheel moves the page.
      if (!event.ctrlKey) return
      event.preventDefault()
      zoomTo(zoom * step ** (event.deltaY > 0 ? -0.5 : 0.5))
    },
    { passive: false }
  )
  // Fingers scroll by themselves.
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return
    const [left, top] = [frame.scrollLeft + event.clientX, frame.scrollTop + event.clientY]
    const move = ({ clientX, clientY }) => frame.scrollTo(left - clientX, top - clientY)
    const stop = () => {
      frame.removeEventListener("pointermove", move)
      frame.classList.remove("held")
    }
    frame.setPointerCapture(event.pointerId)
    frame.classList.add("held")
    frame.addEventListener("pointermove", move)
    frame.addEventListener("pointerup", stop, { once: true })
    frame.addEventListener("pointercancel", stop, { once: true })
  })

  const button = (text, label, act) => {
    const made = make("button", "", text)
    made.type = "button"
    made.ariaLabel = label
    made.addEventListener("click", act)
    return made
  }
  return make(
    "p",
    "zooms",
    button("−", "Smaller", keys["-"]),
    shown,
    button("+", "Larger", keys["+"]),
    button("1:1", "Own size", keys[0])
  )
}
