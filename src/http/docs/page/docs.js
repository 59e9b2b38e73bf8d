/** Searching: what has all the words stays, the rest is hidden. The page is whole without this. */
const search = document.getElementById("search")
const found = document.getElementById("found")
const articles = [...document.querySelectorAll("article")]
const sections = [...document.querySelectorAll("main section")]
const contents = [...document.querySelectorAll("nav li[data-for]")]
const chapters = [...document.querySelectorAll("nav details details")]
const texts = new Map(
  articles.map((article) => [
    article,
    `${article.textContent} ${article.parentElement.querySelector("h2").textContent}`.toLowerCase()
  ])
)

const show = () => {
  const words = search.value
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
  const hits = new Set(articles.filter((article) => words.every((word) => texts.get(article).includes(word))))
  for (const article of articles) article.hidden = !hits.has(article)
  for (const section of sections) {
    section.hidden = words.length > 0 && ![...section.querySelectorAll("article")].some((article) => hits.has(article))
  }
  const ids = new Set([...hits].map(({ id }) => id))
  for (const item of contents) item.hidden = !ids.has(item.dataset.for)
  for (const chapter of chapters) {
    const isEmpty = [...chapter.querySelectorAll("li")].every((item) => item.hidden)
    chapter.hidden = words.length > 0 && isEmpty
    chapter.open = words.length > 0 && !isEmpty
  }
  document.getElementById("nothing").hidden = hits.size > 0
  found.textContent = words.length === 0 ? "" : `${hits.size} of ${articles.length}`
}

search.addEventListener("input", show)
search.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape" || search.value === "") return
  search.value = ""
  show()
})
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target === search) return
  event.preventDefault()
  search.focus()
})
// On a phone the contents would be a page of their own.
if (matchMedia("(width < 60rem)").matches) document.querySelector("nav .all").open = false
