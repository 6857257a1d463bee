import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Ask the portfolio over Kafka, and wait for the end: <code>Ask QUESTION [LANE]</code>.
 *
 * <p>The answer goes to standard output, what it took to standard error. The exit code is 0 for an answer, 1 for an
 * honest failure, and 2 when no end came. KAFKA_BOOTSTRAP_SERVERS, INTAKE_TOPIC and TOPIC_PREFIX say where.
 */
public final class Ask {
    private static final String BROKERS = variable("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092");
    private static final String PREFIX = variable("TOPIC_PREFIX", "");
    private static final String INTAKE = PREFIX + variable("INTAKE_TOPIC", "request.submitted");
    private static final String COMPLETED = PREFIX + "request.completed";
    private static final String FAILED = PREFIX + "request.failed";
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final Duration SPARE = Duration.ofSeconds(10);
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] arguments) throws Exception {
        String requestId = UUID.randomUUID().toString(); // yours, so that sending again is recognised
        ObjectNode request = JSON.createObjectNode().put("request_id", requestId).put("deadline_s", DEADLINE.toSeconds());
        request.putArray("messages").addObject().put("role", "user").put("content", arguments[0]);
        if (arguments.length > 1) {
            request.put("lane", arguments[1]);
        }
        try (KafkaConsumer<String, String> consumer = atTheEndOf(COMPLETED, FAILED)) {
            publish(requestId, request);
            System.exit(tell(endOf(requestId, consumer)));
        }
    }

    /** Reads from where the topics end now, before the request is sent: no result can be missed. */
    private static KafkaConsumer<String, String> atTheEndOf(String... topics) {
        Map<String, Object> settings = Map.of("bootstrap.servers", BROKERS, "enable.auto.commit", false);
        var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
        List<TopicPartition> partitions = List.of(topics).stream()
                .flatMap(topic -> consumer.partitionsFor(topic).stream())
                .map(each -> new TopicPartition(each.topic(), each.partition()))
                .toList();
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        partitions.forEach(consumer::position); // asks the broker now, and not at the first poll
        return consumer;
    }

    /** Returns once all replicas in sync have it. Sending again after an error is safe: the request has an id. */
    private static void publish(String key, JsonNode request) throws Exception {
        Map<String, Object> settings = Map.of("bootstrap.servers", BROKERS, "acks", "all", "enable.idempotence", true);
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(INTAKE, key, JSON.writeValueAsString(request))).get();
        }
    }

    /** The result comes under the key of the request, on one of the two topics. */
    private static ConsumerRecord<String, String> endOf(String key, KafkaConsumer<String, String> consumer) {
        Instant until = Instant.now().plus(DEADLINE).plus(SPARE);
        while (Instant.now().isBefore(until)) {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
                if (key.equals(record.key())) {
                    return record;
                }
            }
        }
        return null;
    }

    private static int tell(ConsumerRecord<String, String> end) throws Exception {
        if (end == null) {
            System.err.println("no end came: is the portfolio running?");
            return 2;
        }
        JsonNode told = JSON.readTree(end.value());
        String request = told.path("request_id").asText();
        if (end.topic().equals(FAILED)) {
            System.err.printf("%s: %s (request %s)%n", told.path("reason").asText(), told.path("detail").asText(), request);
            return 1;
        }
        System.out.println(told.at("/answer/message/content").asText());
        System.err.printf("%s, by %s, for $%s (request %s)%n", told.path("status").asText(),
                told.path("model").asText(), told.path("cost_usd").asText(), request);
        return 0;
    }

    private static String variable(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
