#!/usr/bin/env bash
set -euo pipefail
export KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xms1G -Xmx1G} LOG4J_CONFIGURATION=/opt/kafka/config/log4j2.yaml
exec "$(dirname "$0")/kafka-run-class.sh" kafka.Kafka "$@"
