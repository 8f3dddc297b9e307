// Fills an empty network with a world, waits until the AppView has all of it, and writes what a
// crawl must find: {seeds: [handle], profiles: [{did, handle, name, bio, department}],
// arcs: [{src, dst, layer, count}], absent: [{did, handle}]}. Prints its times as one JSON line.
//   seed.mjs WORLD.json NETWORK.json POSTGRES_URL    in the folder of the installed packages
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [worldFile, networkFile, dbUrl] = process.argv.slice(2)
const world = JSON.parse(readFileSync(worldFile))
const { pds, truth: truthFile } = JSON.parse(readFileSync(networkFile))
const { Client } = createRequire(join(process.cwd(), 'package.json'))('pg')

const AT_ONCE = 6
const WRITES_MAX = 200 // of one applyWrites request
const SETTLE_SECONDS = 600

const started = Date.now()
let recordsWritten = 0
let recordsMade = 0

// Every record is a second older than the next, and all are of the last day. Two who follow somebody
// at the same time write the same content, which has one CID; and the AppView, which pages by time
// and CID, would lose one of them between two pages.
const now = () => new Date(started - 86_400_000 + 1000 * (recordsMade++ % 86_000)).toISOString()
const seconds = () => Math.round((Date.now() - started) / 100) / 10

// --- HTTP

async function call(method, body, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const answer = await fetch(`${pds}/xrpc/${method}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method}: ${answer.status} ${text.slice(0, 300)}`)
  return text ? JSON.parse(text) : {}
}

// The results of `work` on all items, in their order, a few at a time.
async function all(items, work) {
  const [results, todo] = [[], items.entries()]
  const worker = async () => {
    for (const [place, item] of todo) results[place] = await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return results
}

const chunks = (items, size) =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, at * size + size))

// --- accounts and records

async function createAccount({ handle }) {
  const body = { handle, email: `${handle}@example.com`, password: 'password' }
  const { did, accessJwt } = await call('com.atproto.server.createAccount', body)
  return { did, handle, token: accessJwt }
}

// Writes records of {collection, rkey?, value}; what the server says of each: {uri, cid}.
async function write(owner, records) {
  const written = []
  for (const part of chunks(records, WRITES_MAX)) {
    const writes = part.map(({ collection, rkey, value }) => ({
      $type: 'com.atproto.repo.applyWrites#create', collection, rkey, value: { $type: collection, ...value },
    }))
    const body = { repo: owner.did, writes }
    written.push(...(await call('com.atproto.repo.applyWrites', body, owner.token)).results)
  }
  recordsWritten += written.length
  return written.map(({ uri, cid }) => ({ uri, cid }))
}

const of = (arcs, node) => arcs.filter(([src]) => src === node).map(([, dst]) => dst)
const follow = (did) => ({ collection: 'app.bsky.graph.follow', value: { subject: did, createdAt: now() } })
const post = (value) => ({ collection: 'app.bsky.feed.post', value: { createdAt: now(), ...value } })
const on = (collection, subject) => ({ collection, value: { subject, createdAt: now() } })

function profile({ name, bio }, labels) {
  const value = { displayName: name, description: bio, ...(labels && { labels }) }
  return { collection: 'app.bsky.actor.profile', rkey: 'self', value }
}

function mention({ handle, did }) {
  const feature = { $type: 'app.bsky.richtext.facet#mention', did }
  const index = { byteStart: 3, byteEnd: 4 + handle.length }
  return post({ text: `hi @${handle}`, facets: [{ index, features: [feature] }] })
}

function list(kind, name) {
  const purpose = `app.bsky.graph.defs#${kind}`
  return { collection: 'app.bsky.graph.list', value: { purpose, name, createdAt: now() } }
}

// First round: what needs nobody else's records. The post that others refer to, and the lists.
async function introduce(account) {
  const [first, , trusted, muted] = await write(accounts.get(account.node), [
    post({ text: `the first words of ${account.handle}` }),
    profile(account),
    list('curatelist', 'reads'),
    list('modlist', 'mutes'),
    ...of(world.follows, account.node).map((node) => follow(accounts.get(node).did)),
  ])
  return { first, trusted, muted }
}

// Second round: what refers to the first.
async function interact({ node }) {
  const { trusted, muted } = introduced.get(node)
  const first = (other) => introduced.get(other).first
  const item = ({ uri }, other) => ({
    collection: 'app.bsky.graph.listitem',
    value: { list: uri, subject: accounts.get(other).did, createdAt: now() },
  })
  const quote = (record) => post({ text: 'look', embed: { $type: 'app.bsky.embed.record', record } })
  const reply = (parent) => post({ text: 'well said', reply: { root: parent, parent } })
  await write(accounts.get(node), [
    ...of(world.mentions, node).map((other) => mention(accounts.get(other))),
    ...of(world.replies, node).map((other) => reply(first(other))),
    ...of(world.quotes, node).map((other) => quote(first(other))),
    ...of(world.reposts, node).map((other) => on('app.bsky.feed.repost', first(other))),
    ...of(world.likes, node).map((other) => on('app.bsky.feed.like', first(other))),
    ...of(world.lists, node).map((other) => item(trusted, other)),
    ...of(world.mutes, node).map((other) => item(muted, other)),
  ])
}

// Two who must not be found, though the first seed and they follow each other: one shows itself to
// nobody who is not logged in, the other leaves.
async function addAbsent() {
  const seed = accounts.get(world.seeds[0])
  const absent = await all([{ handle: 'shy.test' }, { handle: 'leaving.test' }], createAccount)
  await write(seed, absent.map(({ did }) => follow(did)))
  const labels = { $type: 'com.atproto.label.defs#selfLabels', values: [{ val: '!no-unauthenticated' }] }
  const [shy, leaving] = absent
  await write(shy, [profile({ name: 'Shy', bio: 'not for everybody' }, labels), follow(seed.did)])
  await write(leaving, [profile({ name: 'Leaving', bio: 'good bye' }), follow(seed.did)])
  await call('com.atproto.server.deactivateAccount', {}, leaving.token)
  return absent
}

// --- waiting

// What the AppView has taken in, by its own tables: its public counts may stay wrong, since it
// brings them up to date for several records at once.
const TAKEN_IN = `select
  (select count(*)::int from appview.record) as records,
  (select count(*)::int from appview.actor where handle is not null and "upstreamStatus" is null) as there,
  (select count(*)::int from appview.actor where "upstreamStatus" = 'deactivated') as gone`

async function settle() {
  const wanted = JSON.stringify({ records: recordsWritten, there: world.accounts.length + 1, gone: 1 })
  const appview = new Client({ connectionString: dbUrl })
  await appview.connect()
  let found
  for (const end = Date.now() + SETTLE_SECONDS * 1000; Date.now() < end; ) {
    found = JSON.stringify((await appview.query(TAKEN_IN)).rows[0])
    if (found === wanted) return appview.end()
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  throw new Error(`the AppView has ${found} and should have ${wanted}`)
}

// --- the truth

// An interaction counts how often, a relation does not.
function truth() {
  const arcs = new Map()
  const add = (layer, pairs, step) => pairs.forEach(([from, to]) => {
    const [src, dst] = [accounts.get(from).did, accounts.get(to).did]
    const key = `${src} ${dst} ${layer}`
    arcs.set(key, { src, dst, layer, count: (arcs.get(key)?.count ?? 0) + step })
  })
  add('follow', world.follows, 0)
  add('list', world.lists, 0)
  add('like', world.likes, 1)
  add('repost', [...world.reposts, ...world.quotes], 1)
  add('reply', world.replies, 1)
  add('mention', world.mentions, 1)
  return {
    seeds: world.seeds.map((node) => accounts.get(node).handle),
    profiles: world.accounts.map(({ node, ...shown }) => ({ did: accounts.get(node).did, ...shown })),
    arcs: [...arcs.values()],
    absent: absent.map(({ did, handle }) => ({ did, handle })),
  }
}

const keyed = (values) => new Map(world.accounts.map(({ node }, place) => [node, values[place]]))
const accounts = keyed(await all(world.accounts, createAccount))
const accounts_s = seconds()
const introduced = keyed(await all(world.accounts, introduce))
await all(world.accounts, interact)
const absent = await addAbsent()
const records_s = Math.round(10 * (seconds() - accounts_s)) / 10
await settle()
writeFileSync(truthFile, JSON.stringify(truth()))
console.log(JSON.stringify({
  accounts: accounts.size, follows: world.follows.length, records: recordsWritten,
  accounts_s, records_s, appview_s: Math.round(10 * (seconds() - accounts_s - records_s)) / 10,
}))
