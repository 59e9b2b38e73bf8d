/** What has gone wrong, for whoever is not a developer. */

const sentences = {
  RoomNotFound: "No device waits under this code. Look at it again there: it may be another one by now.",
  RoomFull: "Somebody else is at this door, and stays there. Try again, or look at the code again.",
  RateLimited: "Too many attempts came from here. Wait a minute and try again.",
  Unavailable: "The server cannot do it at the moment. Try again.",
  Unreachable: "The server cannot be reached.",
  OriginRefused: "The server does not let this page in: see the connection check.",
  Closed: "The server has ended the connection. Load the page again.",
  TimeoutError: "The other device does not answer. Is its page open?",
  Aborted: "The other device does not answer. Is its page open?"
}

export const explain = (error) => (Object.hasOwn(sentences, error.name) ? sentences[error.name] : error.message)
