#!/usr/bin/env bash
# Run a class of Kafka with the heap and the options that the environment gives.
set -euo pipefail
# shellcheck disable=SC2086 # each of these variables holds several words
exec /opt/java/bin/java ${KAFKA_HEAP_OPTS:--Xmx256M} ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC} \
    "-Dlog4j2.configurationFile=${LOG4J_CONFIGURATION:-/etc/kafka/docker/tools-log4j2.yaml}" ${KAFKA_OPTS:-} \
    -cp '/opt/kafka/libs/*' "$@"
