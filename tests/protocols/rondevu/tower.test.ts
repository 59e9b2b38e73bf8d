/** What an operator sees of both parts on the tower page: topics and counts, and nobody's ids or texts. */
import { expect, it } from "vitest"
import { TowerWatcher } from "../../support/towerStream.ts"
import { useServer } from "../../support/useServer.ts"
import { describeOnBoth } from "./databases.ts"
import { offerOn, rondevuOf } from "./offers/peers.ts"
import { pagesOf } from "./sessions/pages.ts"

describeOnBoth("the tower page", (environment) => {
  const server = useServer(() => ({ ...environment(), LOG_ACCESS_KEY: "key" }))

  it("shows the topics of offers and of sessions, those with most first, without ids", async () => {
    const rondevu = rondevuOf(server)
    const [ada, bob] = [await rondevu.register(), await rondevu.register()]
    const offers = (await ada.publish(offerOn("chess", { secret: "sesame" }), offerOn("chess"), offerOn("go"))).json
      .offers
    offers.push(...(await bob.publish(offerOn("chess"))).json.offers)
    const page = pagesOf(server)
    const [one, two] = [page("https://one.example"), page("https://two.example")]
    const begun = [await one.offer("games"), await two.offer("games"), await two.offer("<b>talk</b>")]
    const codes = begun.map(({ json }) => json.code)

    const tower = await TowerWatcher.open(`${server.http}/tower/events?key=key`)
    const lists = ["rondevu-offers-topics", "rondevu-sessions-topics"]
    const view: any = await tower.until((view: any) => lists.every((name) => view[name].total > 0))
    await tower.close()
    const cellsOf = (name: string) => view[name].rows.map(({ cells }: { cells: unknown }) => cells)
    expect(cellsOf("rondevu-offers-topics")).toEqual([
      ["chess", 2],
      ["go", 1]
    ])
    expect(cellsOf("rondevu-sessions-topics")).toEqual([
      ["games", 2],
      ["<b>talk</b>", 1]
    ])
    expect(codes.filter((code) => typeof code === "string")).toHaveLength(3)
    for (const hidden of [...offers.map(({ id }: { id: string }) => id), ada.peerId, bob.peerId, ...codes, "sesame"]) {
      expect(tower.text).not.toContain(hidden)
    }
  })
})
