/**
 * DropSilk over HTTP: what may be asked, how, and what is answered.
 *
 * To add a group: declare it in a file beside this one, add it to `DropSilkApi`, write its handlers in src/http/dropsilk and
 * list their layer in part.ts there, and say in budgets.ts there which budgets its paths take from (the compiler insists on
 * all of these). Its CORS rules, if browsers may call it, are a row of cors.ts there.
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as OpenApi from "effect/http-api/OpenApi"
import { allFaults } from "../core/invalidRequest.ts"
import { RoomsGroup } from "./rooms.ts"
import { ServerGroup, StatusGroup } from "./server.ts"
import { ContactGroup, TurnGroup, UploadsGroup } from "./thirdParties.ts"

/** Everything of DropSilk's that answers. */
export class DropSilkApi extends HttpApi.make("dropsilk")
  .add(ServerGroup, StatusGroup, RoomsGroup, TurnGroup, UploadsGroup, ContactGroup)
  .annotate(HttpApi.ParseOptions, allFaults)
  .annotate(OpenApi.Description, "rooms over HTTP, flights and signals over the WebSocket at the same address") {}
