"""What the local broker is told: one node that is broker and controller, on loopback, sized for a laptop."""

from pathlib import Path

SERVER = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}

# A misspelt topic is an error, never a new topic. Retention is set per topic, where topics are made.
auto.create.topics.enable=false
message.max.bytes=2097152
replica.fetch.max.bytes=2097152

# There is one of everything.
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4

# A worker that comes back is given its partitions at once; one that died is noticed in seconds.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=4000

# Sized for a heap of 256 MiB on a machine that has other things to do.
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=16777216
"""

LOG4J = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %-5p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
logger.version.name = org.apache.kafka.common.utils.AppInfoParser
logger.version.level = error
logger.fencing.name = org.apache.kafka.controller
logger.fencing.level = error
"""


def server_properties(data: Path, port: int, controller_port: int) -> str:
    """The text of server.properties for storage in `data`. A properties file takes a backslash as an escape."""
    return SERVER.format(data=str(data).replace("\\", "\\\\"), port=port, controller=controller_port)
