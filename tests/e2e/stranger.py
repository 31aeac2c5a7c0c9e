"""Reads topics to their ends with Confluent's own client and the registry: KAFKA REGISTRY TOPIC..."""
import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

kafka, registry, *topics = sys.argv[1:]
deserialize = AvroDeserializer(SchemaRegistryClient({"url": registry}))
consumer = Consumer({"bootstrap.servers": kafka, "group.id": "stranger", "enable.auto.commit": False})

ends = {}
for topic in topics:
    for partition in consumer.list_topics(topic, timeout=30).topics[topic].partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)
        if high > low:
            ends[topic, partition] = high
consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for topic, partition in ends])

while ends:
    message = consumer.poll(30)
    if message is None:
        sys.exit(f"nothing came for 30 s; still to read: {ends}")
    if message.error():
        sys.exit(str(message.error()))
    context = SerializationContext(message.topic(), MessageField.VALUE)
    record = {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "key": message.key().decode(),
        "headers": {name: value.decode() for name, value in message.headers() or []},
        "value": deserialize(message.value(), context),
    }
    print(json.dumps(record, default=str))
    place = message.topic(), message.partition()
    if message.offset() + 1 >= ends.get(place, 0):
        ends.pop(place, None)
consumer.close()
