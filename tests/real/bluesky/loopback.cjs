// node --require: whatever listens does so on 127.0.0.1, and whatever connects stays on this machine.
const net = require('node:net')

const HERE = '127.0.0.1'
const LOCAL = new Set(['localhost', HERE, '::1', '[::1]', ''])

const isPort = (value) => /^\d+$/.test(String(value))

// listen(port, …), listen({port, …}, …); Unix sockets and handles are left alone.
const { listen } = net.Server.prototype
net.Server.prototype.listen = function (first, ...rest) {
  if (isPort(first)) {
    const then = rest.find((one) => typeof one === 'function')
    return listen.call(this, { port: Number(first), host: HERE }, then)
  }
  const options = first?.port === undefined ? first : { ...first, host: HERE }
  return listen.call(this, options, ...rest)
}

// The host that connect() means; undefined for a Unix socket.
function hostOf(args) {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args
  if (first !== null && typeof first === 'object') return first.path ? undefined : (first.host ?? '')
  if (!isPort(first)) return undefined
  return typeof second === 'string' ? second : ''
}

const { connect } = net.Socket.prototype
net.Socket.prototype.connect = function (...args) {
  const host = hostOf(args)
  if (host === undefined || LOCAL.has(host)) return connect.apply(this, args)
  const refused = Object.assign(new Error(`${host} is not on this machine`), { code: 'ECONNREFUSED' })
  process.nextTick(() => this.destroy(refused))
  return this
}
