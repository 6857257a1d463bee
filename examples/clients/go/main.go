// Ask the portfolio over Kafka, and wait for the end: go run . QUESTION [LANE]
//
// The answer goes to standard output, what it took to standard error. The exit code is 0 for an answer, 1 for an honest
// failure, and 2 when no end came. KAFKA_BOOTSTRAP_SERVERS, INTAKE_TOPIC and TOPIC_PREFIX say where.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	deadline = 60 * time.Second
	spare    = 10 * time.Second
)

var (
	brokers   = strings.Split(variable("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092"), ",")
	prefix    = variable("TOPIC_PREFIX", "")
	intake    = prefix + variable("INTAKE_TOPIC", "request.submitted")
	completed = prefix + "request.completed"
	failed    = prefix + "request.failed"
)

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type request struct {
	RequestID string    `json:"request_id"`
	Messages  []message `json:"messages"`
	DeadlineS float64   `json:"deadline_s"`
	Lane      string    `json:"lane,omitempty"`
}

// What is read of both ends: unknown fields are passed over, as more may be added.
type end struct {
	RequestID string `json:"request_id"`
	Status    string `json:"status"`
	Model     string `json:"model"`
	CostUSD   string `json:"cost_usd"`
	Reason    string `json:"reason"`
	Detail    string `json:"detail"`
	Answer    struct {
		Message message `json:"message"`
	} `json:"answer"`
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), deadline+spare)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...)) // acks=all and idempotence are its defaults
	check(err)
	asked := request{
		RequestID: uuid.NewString(), // yours, so that sending again is recognised, and never answered twice
		Messages:  []message{{Role: "user", Content: os.Args[1]}},
		DeadlineS: deadline.Seconds(),
	}
	if len(os.Args) > 2 {
		asked.Lane = os.Args[2]
	}
	readFromTheEndOf(ctx, client, completed, failed)
	publish(ctx, client, asked)
	code := tell(endOf(ctx, client, asked.RequestID))
	client.Close()
	os.Exit(code)
}

// Reads from where the topics end now, before the request is sent: no result can be missed.
func readFromTheEndOf(ctx context.Context, client *kgo.Client, topics ...string) {
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topics...)
	check(err)
	check(ends.Error())
	client.AddConsumePartitions(ends.KOffsets())
}

// Returns once all replicas in sync have it. Sending again after an error is safe: the request has an id.
func publish(ctx context.Context, client *kgo.Client, asked request) {
	value, err := json.Marshal(asked)
	check(err)
	record := &kgo.Record{Topic: intake, Key: []byte(asked.RequestID), Value: value}
	check(client.ProduceSync(ctx, record).FirstErr())
}

// The result comes under the key of the request, on one of the two topics.
func endOf(ctx context.Context, client *kgo.Client, key string) *kgo.Record {
	for ctx.Err() == nil {
		for _, record := range client.PollFetches(ctx).Records() {
			if string(record.Key) == key {
				return record
			}
		}
	}
	return nil
}

func tell(record *kgo.Record) int {
	if record == nil {
		fmt.Fprintln(os.Stderr, "no end came: is the portfolio running?")
		return 2
	}
	var told end
	check(json.Unmarshal(record.Value, &told))
	if record.Topic == failed {
		fmt.Fprintf(os.Stderr, "%s: %s (request %s)\n", told.Reason, told.Detail, told.RequestID)
		return 1
	}
	fmt.Println(told.Answer.Message.Content)
	fmt.Fprintf(os.Stderr, "%s, by %s, for $%s (request %s)\n", told.Status, told.Model, told.CostUSD, told.RequestID)
	return 0
}

func variable(name, otherwise string) string {
	if told, there := os.LookupEnv(name); there {
		return told
	}
	return otherwise
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
