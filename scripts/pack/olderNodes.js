// What of the language and of Node the server uses and Node 20 lacks; on newer ones nothing is put in anybody's place.
import "core-js/actual/async-disposable-stack/index.js"
import "core-js/actual/iterator/index.js"
import "core-js/actual/map/group-by.js"
import "core-js/actual/promise/with-resolvers.js"
import "core-js/actual/suppressed-error.js"
import "core-js/actual/typed-array/from-base64.js"
import "core-js/actual/typed-array/to-base64.js"
import "core-js/actual/url/parse.js"
