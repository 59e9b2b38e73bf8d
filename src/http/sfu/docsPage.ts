/** The page that shows what `/doc` says. Its script is 1.5 MB, so it is not even made before somebody opens the page. */
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiSwagger from "effect/http-api/HttpApiSwagger"

/** Swagger UI has its document in the page; here it is to read it where it is. */
const embedded = 'spec: JSON.parse(document.getElementById("swagger-spec").textContent)'

/** Nothing is described in the page itself. */
const nothing = HttpApi.make("sfuPage")

/** Makes the page; `document`: where its browser finds the description. */
export const makeDocsPage = async (document: string): Promise<string> => {
  const { handler, dispose } = HttpRouter.toWebHandler(HttpApiSwagger.layer(nothing, { path: "/docs" }), {
    disableLogger: true
  })
  try {
    const page = await (await handler(new Request("http://localhost/docs"))).text()
    return page.replace(embedded, () => `url: ${JSON.stringify(document)}`)
  } finally {
    await dispose()
  }
}
