// A child process that acts as its first argument says, in place of a control plane.
const [behaviour] = process.argv.slice(2)

if (behaviour === 'deaf') process.on('SIGTERM', () => {})
process.on('disconnect', () => process.exit(0))
process.once('message', ({ title, members }) => {
  if (behaviour === 'fails') {
    process.send({ kind: 'failed', code: 'port-taken', message: 'cannot listen' })
    process.exit(1)
  }
  if (behaviour === 'crashes') process.exit(7)
  console.log(`${title} ${JSON.stringify(members)} ${process.env.KUMA_MODE ?? 'clean'}`)
  process.send({ kind: 'ready' })
  process.on('message', ({ members: ending }) => {
    if (behaviour === 'mute') return
    console.log(`ends ${JSON.stringify(ending)}`)
    process.send({ kind: 'ended' })
  })
})
