// What the network is filled with, as JSON: real people who write to each other, as accounts that
// follow each other, and a few posts, likes, reposts, replies, quotes, mentions and lists.
//   world.mjs EDGES.tsv.gz DEPARTMENTS.tsv.gz [COUNT]    COUNT accounts (300), or `all`
// The same input gives the same world.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const [edgesFile, departmentsFile, wanted = '300'] = process.argv.slice(2)

// A person brings at most so many others along in a round, so that the way to some is long.
const BRINGS = 3

// Which follows also do something else: those whose place divides by these. Odd ones out, so that
// few do two things and some do.
const LIKES = 31
const REPOSTS = 37
const QUOTES = 41
const REPLIES = 43
const MENTIONS = 47
const LISTS = 29
const MUTES = 53

const FIRST_NAMES = ['Ada', 'Zoë', 'Bjørn', 'Олег', 'José', '李雷', 'Aïsha', 'Łukasz', '😀 Sam', 'نور']
const CRAFTS = ['botany', 'looms', 'glaciers', 'opera', 'bridges', 'spiders', 'tea', 'maps', 'clocks',
  'reefs', 'yeast', 'kites', 'harps', 'tiles', 'orbits', 'soil', 'knots', 'paper', 'salt', 'wind']

const rows = (file) => gunzipSync(readFileSync(file)).toString().trim().split('\n').slice(1)
  .map((line) => line.split('\t'))
const byNumber = (a, b) => Number(a) - Number(b)

const edges = rows(edgesFile)
const department = new Map(rows(departmentsFile))
const nodes = [...new Set(edges.flatMap(([src, dst]) => [src, dst]))].sort(byNumber)
const neighbours = new Map(nodes.map((node) => [node, new Set()]))
for (const [src, dst] of edges) {
  neighbours.get(src).add(dst)
  neighbours.get(dst).add(src)
}

// The first node and those who are found from it by either end of an edge, round by round. Where
// the found have nobody left to bring, the next who is not found is a seed too.
function choose(count) {
  const [chosen, seeds] = [new Set(), []]
  while (chosen.size < count) {
    const before = chosen.size
    for (const node of chosen) {
      const left = [...neighbours.get(node)].filter((one) => !chosen.has(one)).sort(byNumber)
      left.slice(0, Math.min(BRINGS, count - chosen.size)).forEach((one) => chosen.add(one))
    }
    if (chosen.size > before) continue
    seeds.push(nodes.find((node) => !chosen.has(node)))
    chosen.add(seeds.at(-1))
  }
  return { chosen: [...chosen].sort(byNumber), seeds }
}

function account(node) {
  const [number, group] = [Number(node), Number(department.get(node) ?? 0)]
  const [craft, other] = [CRAFTS[group % CRAFTS.length], CRAFTS[(group * 7 + 3) % CRAFTS.length]]
  return {
    node,
    department: String(group),
    handle: `p${node.padStart(4, '0')}.test`,
    name: `${FIRST_NAMES[number % FIRST_NAMES.length]} ${number}`,
    // Line ends, tabs and quotes must survive the way too.
    bio: `${craft} and ${other} in department ${group}` + (number % 9 ? '' : '\n\t"quoted" & <b>bold</b>'),
  }
}

const every = (follows, divisor) => follows.filter((_, place) => place % divisor === 0)

const count = wanted === 'all' ? nodes.length : Math.min(Number(wanted), nodes.length)
const { chosen, seeds } = choose(count)
const isChosen = new Set(chosen)
const follows = edges.filter(([src, dst]) => src !== dst && isChosen.has(src) && isChosen.has(dst))
  .sort(([a, b], [c, d]) => byNumber(a, c) || byNumber(b, d))
process.stdout.write(JSON.stringify({
  seeds,
  accounts: chosen.map(account),
  follows,
  likes: every(follows, LIKES),
  reposts: every(follows, REPOSTS),
  quotes: every(follows, QUOTES),
  replies: every(follows, REPLIES),
  mentions: every(follows, MENTIONS),
  lists: every(follows, LISTS),
  mutes: every(follows, MUTES),
}) + '\n')
