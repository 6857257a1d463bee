// Ask the portfolio over Kafka, and wait for the end: `node ask.js QUESTION [LANE]`.
//
// The answer goes to standard output, what it took to standard error. The exit code is 0 for an answer, 1 for an honest
// failure, and 2 when no end came. KAFKA_BOOTSTRAP_SERVERS, INTAKE_TOPIC and TOPIC_PREFIX say where.
import { randomUUID } from 'node:crypto'
import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'

const bootstrapBrokers = (process.env.KAFKA_BOOTSTRAP_SERVERS ?? '127.0.0.1:9092').split(',')
const prefix = process.env.TOPIC_PREFIX ?? ''
const intake = prefix + (process.env.INTAKE_TOPIC ?? 'request.submitted')
const completed = `${prefix}request.completed`
const failed = `${prefix}request.failed`
const deadlineS = 60
const spareS = 10
const latest = -1n

// Reads from where the topics end now, before the request is sent: no result can be missed.
async function atTheEndOf(consumer, topics) {
  const ends = await consumer.listOffsets({ topics, timestamp: latest })
  const offsets = [...ends].flatMap(([topic, partitions]) =>
    partitions.map((offset, partition) => ({ topic, partition, offset }))
  )
  return consumer.consume({ topics, mode: 'manual', offsets, autocommit: false })
}

// Returns once all replicas in sync have it. Sending again after an error is safe: the request has an id.
async function publish(key, request) {
  const producer = new Producer({ clientId: 'ask', bootstrapBrokers, serializers: stringSerializers, acks: -1 })
  await producer.send({ messages: [{ topic: intake, key, value: JSON.stringify(request) }] })
  await producer.close()
}

// The result comes under the key of the request, on one of the two topics.
async function endOf(key, stream) {
  for await (const record of stream) {
    if (record.key === key) return record
  }
}

function tell(end) {
  if (!end) {
    console.error('no end came: is the portfolio running?')
    return 2
  }
  const told = JSON.parse(end.value)
  if (end.topic === failed) {
    console.error(`${told.reason}: ${told.detail} (request ${told.request_id})`)
    return 1
  }
  console.log(told.answer.message.content)
  console.error(`${told.status}, by ${told.model}, for $${told.cost_usd} (request ${told.request_id})`)
  return 0
}

const [question, lane] = process.argv.slice(2)
const requestId = randomUUID() // yours, so that sending again is recognised, and never answered twice
const messages = [{ role: 'user', content: question }]
const request = { request_id: requestId, messages, deadline_s: deadlineS, ...(lane && { lane }) }

const consumer = new Consumer({
  groupId: `ask-${requestId}`,
  clientId: 'ask',
  bootstrapBrokers,
  deserializers: stringDeserializers
})
const stream = await atTheEndOf(consumer, [completed, failed])
await publish(requestId, request)
const tooLate = setTimeout(() => stream.destroy(), (deadlineS + spareS) * 1000)
const end = await endOf(requestId, stream).catch(() => undefined)
clearTimeout(tooLate)
await consumer.close(true)
process.exitCode = tell(end)
