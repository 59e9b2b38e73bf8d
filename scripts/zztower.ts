import { startServer, meetInFlight } from "../tests/support/server.ts"
import { launchChromium, findChromium } from "./chromium.ts"
import { mkdtempSync } from "node:fs"
const server = await startServer({ DATA_DIR: mkdtempSync("/tmp/zz-"), LOG_ACCESS_KEY: "k", PORT: "19300", DATABASE_URL: "", TURN_URLS: "turn:turn.example.org", TURN_SECRET: "supersecret", ROOM_TTL_MINUTES: "40" } as any)
const names=["Ada","Grace","Edsger","Barbara","Alan","Radia"]
const clients=[] as any[]
for (let i=0;i<6;i+=2) { const a=await server.connect({name:names[i], from: i===2?"2001:db8:1:2::7":undefined}); const b=await server.connect({name:names[i+1], from:i===2?"203.0.113.9":undefined}); clients.push(a,b); await meetInFlight(a,b); a.send({type:"signal",data:{x:1}}); await b.until("signal"); if(i<4){b.send({type:"signal",data:1}); await a.until("signal")} }
await fetch(server.http+"/api/rooms",{method:"POST",headers:{origin:"https://new.example"},body:"{}"})
const browser=await launchChromium(findChromium()!)
for (const [name,scheme,w,h] of [["desktop-light","light",1440,1000],["desktop-dark","dark",1440,1000],["phone-light","light",390,844],["phone-dark","dark",390,844]] as const) {
  const ctx=await browser.newContext({colorScheme:scheme,viewport:{width:w,height:h}}); const page=await ctx.newPage()
  page.on("console",m=>console.log(name,m.type(),m.text())); page.on("pageerror",e=>console.log(e))
  await page.goto(server.http+"/tower?key=k"); await page.getByText("Live",{exact:true}).waitFor(); await page.locator("#tile-people").waitFor(); await page.waitForTimeout(5000)
  await page.screenshot({path:`/tmp/shots/tower-${name}.png`})
  await page.locator("#addresses-asked summary").click(); await page.locator("#address-rows tr").first().waitFor(); await page.locator("#addresses").scrollIntoViewIfNeeded(); await page.locator("#addresses").screenshot({path:`/tmp/shots/tower-${name}-addresses.png`})
  await page.locator("#configuration-asked summary").click(); await page.locator("#configuration-rows tr").first().waitFor(); if(name==="phone-dark") await page.locator("#configuration").screenshot({path:`/tmp/shots/tower-${name}-configuration.png`})
  await page.locator("#chart-connection > summary").click(); await page.waitForTimeout(700); await page.locator("#chart-connection .piece").nth(1).scrollIntoViewIfNeeded(); await page.screenshot({path:`/tmp/shots/tower-${name}-charts.png`})
  await page.evaluate("document.querySelector('#flights').scrollIntoView()")
  await page.locator("#flight-rows .end").first().click(); await page.screenshot({path:`/tmp/shots/tower-${name}-ending.png`}); await page.locator("#ending-end").click();  await page.waitForTimeout(200); await page.screenshot({path:`/tmp/shots/tower-${name}-ending2.png`}); await page.locator("#ending-keep").click()
  await page.goto(server.http+"/tower?key=wrong"); await page.screenshot({path:`/tmp/shots/tower-${name}-form.png`})
  await ctx.close()
}
await browser.close(); await Promise.all(clients.map(c=>c.close())); await server.stop(); process.exit(0)
