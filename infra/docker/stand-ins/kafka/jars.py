"""Print the paths of Kafka's jars, and of the one with its command-line tools, which a broker does not need."""

import sys

from infra.local.cache import user_cache
from infra.local.kafka_jars import Jar, fetch, kafka_jars, maven

TOOLS = Jar("org.apache.kafka:kafka-tools:4.1.1", "8a6939f310a61119cedaffc144119e9b2a374e32a7ec18f78e49ce5aeb71d6b0")


def main() -> None:
    tools = fetch(TOOLS, maven(user_cache("kafka-tools")))
    sys.stdout.writelines(f"{path}\n" for path in (*kafka_jars(), tools))


if __name__ == "__main__":
    main()
