"""A Kafka that lets nobody in without a name and a password, and everybody do only what was granted.

Beside it there is a door for whoever set it up, as in any cluster: the plain listener of the tests' operator.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, AdminClient, ResourcePatternType
from confluent_kafka.admin import ResourceType as Kind
from kafka_door import two_doors

from services.console.domain.acls import Grant

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"


def password_of(user: str) -> str:
    return f"secret-of-{user}"


class SecuredKafka:
    """``kafka.address`` is the operator's door, ``address`` everybody's."""

    def __init__(self, folder: Path, users: Sequence[str]) -> None:
        names = " ".join(f'user_{user}="{password_of(user)}"' for user in users)
        settings = {
            "listener.name.clients.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.clients.plain.sasl.jaas.config": f"{PLAIN} {names};",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "allow.everyone.if.no.acl.found": "false",
        }
        self.kafka, self.address = two_doors(folder, "SASL_PLAINTEXT", settings)

    def grant(self, grants: Iterable[Grant]) -> None:
        """Make these access control entries."""
        admin = AdminClient({"bootstrap.servers": self.kafka.address})
        for future in admin.create_acls([_binding(grant) for grant in grants]).values():
            future.result(30)


def _binding(grant: Grant) -> AclBinding:
    pattern = ResourcePatternType.PREFIXED if grant.prefixed else ResourcePatternType.LITERAL
    operation = AclOperation[grant.operation.upper()]
    kind = Kind[grant.resource.upper()]
    return AclBinding(kind, grant.name, pattern, f"User:{grant.user}", "*", operation, AclPermissionType.ALLOW)
