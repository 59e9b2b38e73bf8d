/** Which way a connection takes. */

/**
 * `direct`, or `relayed` by a TURN server, and whether it stays on one network as far as the two can tell; undefined while there is
 * none.
 */
export const routeOf = async (connection) => {
  const reports = await connection.getStats()
  const pair = selectedPair(reports)
  const local = reports.get(pair?.localCandidateId)
  const remote = reports.get(pair?.remoteCandidateId)
  if (local === undefined || remote === undefined) return undefined
  const types = [local.candidateType, remote.candidateType]
  return {
    way: types.includes("relay") ? "relayed" : "direct",
    isLocal: types.every((type) => type === "host" || type === "prflx"),
    roundTripMs: pair.currentRoundTripTime === undefined ? undefined : pair.currentRoundTripTime * 1000
  }
}

/** As its transport names it; Firefox marks the pair itself. */
const selectedPair = (reports) => {
  let marked
  for (const report of reports.values()) {
    if (report.type === "transport" && report.selectedCandidatePairId)
      return reports.get(report.selectedCandidatePairId)
    if (report.type === "candidate-pair" && report.selected) marked = report
  }
  return marked
}
