// Bluesky's PLC directory, PDS, AppView, bsync and dataplane as one empty network. Started by
// run.sh, in the folder of the installed packages' package.json.
//   network.mjs POSTGRES_URL READY.json    READY.json gets the servers' URLs when they answer
import { renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [dbUrl, readyFile] = process.argv.slice(2)
const require = createRequire(join(process.cwd(), 'package.json'))
const load = (name) => import(pathToFileURL(require.resolve(name)).href)
const { TestPlc, TestPds, TestBsky, TestBsync, mockNetworkUtilities } =
  await load('@atproto/dev-env')
const { Database: PlcDatabase } = (await load('@did-plc/server')).default

// The default database of dev-env's PLC is a mock that answers /export with nothing.
const plcDb = PlcDatabase.postgres({ url: dbUrl, schema: 'plc' })
await plcDb.migrateToLatestOrThrow()
const plc = await TestPlc.create({ db: plcDb })

const bsyncApiKey = 'bsync-api-key'
const bsync = await TestBsync.create({ apiKeys: [bsyncApiKey], dbUrl, dbSchema: 'bsync' })

// The AppView wants the PDS's address, the PDS the AppView's.
const pdsPort = await freePort()
const appview = await TestBsky.create({
  plcUrl: plc.url,
  pdsPort,
  repoProvider: `ws://localhost:${pdsPort}`,
  bsyncUrl: bsync.url,
  bsyncApiKey,
  dbPostgresUrl: dbUrl,
  dbPostgresSchema: 'appview',
})
bsync.ctx.dataplaneClients = [appview.ctx.dataplane]

const pds = await TestPds.create({
  port: pdsPort,
  didPlcUrl: plc.url,
  bskyAppViewUrl: appview.url,
  bskyAppViewDid: appview.ctx.cfg.serverDid,
})
mockNetworkUtilities(pds, appview)

const here = (server) => `http://127.0.0.1:${server.port}`
const ready = { plc: here(plc), pds: here(pds), appview: here(appview) }
// Where seed.mjs writes to.
ready.truth = join(dirname(readyFile), 'truth.json')
// Renamed into place, so that nobody reads half a line.
writeFileSync(`${readyFile}.part`, JSON.stringify(ready) + '\n')
renameSync(`${readyFile}.part`, readyFile)

async function freePort() {
  const probe = require('node:net').createServer().listen(0)
  await new Promise((resolve) => probe.once('listening', resolve))
  const { port } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return port
}
