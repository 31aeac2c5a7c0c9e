use apache_avro::{
    Schema as ReferenceSchema, reader::datum::GenericDatumReader, types::Value as ReferenceValue,
    writer::datum::GenericDatumWriter,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::{Event, RegisteredSchema, SCHEMAS, examples, ids::ListingId};

/// Ids of the schemas, for a codec without registry.
fn id_of(schema: &RegisteredSchema) -> u32 {
    let place = SCHEMAS
        .iter()
        .position(|known| known.event_type == schema.event_type);
    u32::try_from(place.unwrap()).unwrap() + 100
}

fn codec() -> (Encoder, Decoder) {
    (Encoder::with_ids(id_of), Decoder::with_ids(id_of))
}

/// An event type's schema, with which the tests write what older and newer builds would.
fn schema_of(event_type: &str) -> Value {
    let schema = SCHEMAS
        .iter()
        .find(|schema| schema.event_type == event_type);
    serde_json::from_str(schema.unwrap().json).unwrap()
}

fn example(event_type: &str) -> Event {
    examples()
        .into_iter()
        .find(|event| event.event_type() == event_type)
        .unwrap()
}

#[test]
fn every_example_survives_the_wire() {
    let (encoder, decoder) = codec();
    for event in examples() {
        let frame = encoder.encode(&event);
        assert_eq!(frame[0], 0);
        assert_eq!(frame[1..5], encoder.id_of(&event).to_be_bytes());
        assert_eq!(decoder.decode_known(&frame), Some(Ok(event)));
    }
}

#[test]
fn a_frame_cut_anywhere_is_poison_and_never_a_panic() {
    let (encoder, decoder) = codec();
    for event in examples() {
        let frame = encoder.encode(&event);
        for length in 0..frame.len() {
            let result = decoder.decode_known(&frame[..length]).unwrap();
            assert!(
                matches!(result, Err(DecodeError::Poison(_))),
                "{length} bytes of {event:?}"
            );
        }
    }
}

#[tokio::test]
async fn malformed_frames_say_what_is_wrong() {
    let (encoder, decoder) = codec();
    let frame = encoder.encode(&example("ListingPaused"));
    let mut long = frame.clone();
    long.push(0);
    let mut unknown_id = frame.clone();
    unknown_id[1..5].copy_from_slice(&7_u32.to_be_bytes());
    let text = br#"{"type": "ListingPaused"}"#.to_vec();
    for (payload, code, words) in [
        (Vec::new(), "not_framed", "0 bytes are too few"),
        (vec![0, 0, 0], "not_framed", "3 bytes are too few"),
        (text, "not_framed", "starts with 0x7b"),
        (unknown_id, "unknown_schema", "schema 7 is unknown"),
        (
            frame[..20].to_vec(),
            "malformed_datum",
            "not a souk.listing.ListingPaused",
        ),
        (long, "malformed_datum", "1 bytes follow the datum"),
    ] {
        let error = decoder.decode(&payload).await.unwrap_err();
        let DecodeError::Poison(malformed) = error else {
            panic!("{error}");
        };
        assert_eq!(malformed.code(), code);
        assert!(malformed.to_string().contains(words), "{malformed}");
    }
}

#[test]
fn an_event_type_of_a_newer_build_is_poison_with_its_name() {
    let (_, decoder) = codec();
    let mut schema = schema_of("ListingPaused");
    schema["name"] = json!("ListingTeleported");
    decoder.learn(9, &schema.to_string()).unwrap();
    let error = decoder.decode_known(&[0, 0, 0, 0, 9, 1, 2]).unwrap();
    assert_eq!(
        error.unwrap_err().to_string(),
        "event type souk.listing.ListingTeleported (schema 9) is unknown to this build"
    );
}

#[test]
fn a_schema_that_is_no_record_is_refused() {
    let (_, decoder) = codec();
    for json in ["\"string\"", "{", "{\"type\":\"record\"}"] {
        let error = decoder.learn(9, json).unwrap_err();
        assert_eq!(error.code(), "unreadable_schema", "{json}");
    }
}

#[test]
fn an_older_writer_that_lacks_a_field_is_read_with_the_default() {
    let (encoder, decoder) = codec();
    let event = example("UserRegistered");
    let mut older = schema_of("UserRegistered");
    older["fields"]
        .as_array_mut()
        .unwrap()
        .retain(|field| field["name"] != "external_id" && field["name"] != "age");
    decoder.learn(9, &older.to_string()).unwrap();
    let json = reference_json(&encoder.encode(&event), "UserRegistered");
    let frame = reference_frame(9, &older, &json);
    let Some(Ok(Event::User(crate::UserEvent::UserRegistered(read)))) =
        decoder.decode_known(&frame)
    else {
        panic!("not read");
    };
    assert_eq!((read.age, read.external_id), (None, None));
    assert_eq!(&read.meta, event.meta());
}

#[test]
fn a_newer_writers_fields_are_passed_over() {
    let (encoder, decoder) = codec();
    let event = example("ListingPaused");
    let mut newer = schema_of("ListingPaused");
    let fields = newer["fields"].as_array_mut().unwrap();
    fields.insert(
        1,
        json!({ "name": "why", "type": ["null", "string"], "default": null }),
    );
    fields.push(json!({ "name": "tags", "default": [], "type": {
        "type": "array", "items": { "type": "record", "name": "Tag", "fields": [{ "name": "n", "type": "int" }] }
    } }));
    decoder.learn(9, &newer.to_string()).unwrap();
    let mut json = reference_json(&encoder.encode(&event), "ListingPaused");
    json["why"] = json!("holidays");
    json["tags"] = json!([{ "n": 1 }, { "n": 2 }]);
    let frame = reference_frame(9, &newer, &json);
    assert_eq!(decoder.decode_known(&frame), Some(Ok(event)));
}

#[test]
fn an_enum_value_of_a_newer_build_is_poison() {
    let (encoder, decoder) = codec();
    let mut newer = schema_of("PaymentRequested");
    let method = newer["fields"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .find(|field| field["name"] == "method");
    method.unwrap()["type"]["symbols"]
        .as_array_mut()
        .unwrap()
        .push(json!("barter"));
    decoder.learn(9, &newer.to_string()).unwrap();
    let mut json = reference_json(
        &encoder.encode(&example("PaymentRequested")),
        "PaymentRequested",
    );
    json["method"] = json!("barter");
    let error = decoder
        .decode_known(&reference_frame(9, &newer, &json))
        .unwrap()
        .unwrap_err();
    assert!(error.to_string().contains("barter"), "{error}");
}

#[test]
fn personal_data_is_not_printed() {
    for event_type in ["UserRegistered", "AddressAdded", "OrderPlaced"] {
        let text = format!("{:?}", example(event_type));
        for secret in ["@souk.example", "Bo Brook", "Example Street", "ZZ1 1ZZ"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn ids_and_times_are_written_as_everybody_expects() {
    let (encoder, _) = codec();
    let event = example("ListingReserved");
    let json = reference_json(&encoder.encode(&event), "ListingReserved");
    let meta = event.meta();
    assert_eq!(json["meta"]["aggregate_id"], meta.aggregate_id.to_string());
    assert_eq!(
        ListingId(meta.aggregate_id).to_string(),
        meta.aggregate_id.to_string()
    );
    assert_eq!(json["meta"]["occurred_at"], meta.occurred_at.0);
}

/// What apache-avro reads in a frame, as JSON.
fn reference_json(frame: &[u8], event_type: &str) -> Value {
    let schema = ReferenceSchema::parse_str(&schema_of(event_type).to_string()).unwrap();
    let mut datum = &frame[5..];
    let value = GenericDatumReader::builder(&schema)
        .build()
        .unwrap()
        .read_value(&mut datum)
        .unwrap();
    assert!(datum.is_empty(), "apache-avro left bytes over");
    Value::try_from(value).unwrap()
}

/// A frame as apache-avro writes it.
fn reference_frame(id: u32, schema: &Value, json: &Value) -> Vec<u8> {
    let schema = ReferenceSchema::parse_str(&schema.to_string()).unwrap();
    let value = ReferenceValue::try_from(json.clone())
        .unwrap()
        .resolve(&schema)
        .unwrap();
    let mut frame = frame_header(id);
    frame.extend(
        GenericDatumWriter::builder(&schema)
            .build()
            .unwrap()
            .write_value_to_vec(value)
            .unwrap(),
    );
    frame
}

/// Any event of any type, as JSON.
fn any_event() -> impl Strategy<Value = (&'static RegisteredSchema, Value)> {
    proptest::sample::select(SCHEMAS).prop_flat_map(|schema| {
        let json = schema_of(schema.event_type);
        let mut names = Map::new();
        collect_names(&json, &mut names);
        let schema = RegisteredSchema::by_full_name(&schema.full_name()).unwrap();
        (Just(schema), any_value(&json, &names))
    })
}

fn collect_names(schema: &Value, names: &mut Map<String, Value>) {
    match schema {
        Value::Array(parts) => parts.iter().for_each(|part| collect_names(part, names)),
        Value::Object(object) => {
            if let (Some(namespace), Some(name)) = (object.get("namespace"), object.get("name")) {
                let name = format!("{}.{}", namespace.as_str().unwrap(), name.as_str().unwrap());
                names.insert(name, schema.clone());
            }
            object.values().for_each(|part| collect_names(part, names));
        }
        _ => {}
    }
}

fn any_value(schema: &Value, names: &Map<String, Value>) -> BoxedStrategy<Value> {
    if let Value::Array(branches) = schema {
        return prop_oneof![Just(Value::Null), any_value(&branches[1], names)].boxed();
    }
    let kind = schema.as_str().or(schema["type"].as_str()).unwrap();
    match kind {
        "string" if schema["logicalType"] == "uuid" => any::<u128>()
            .prop_map(|id| json!(uuid::Uuid::from_u128(id)))
            .boxed(),
        "string" => ".{0,40}".prop_map(Value::from).boxed(),
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "int" => any::<i32>().prop_map(Value::from).boxed(),
        "long" => any::<i64>().prop_map(Value::from).boxed(),
        "double" => (-1e9..1e9_f64).prop_map(Value::from).boxed(),
        "enum" => {
            let symbols = schema["symbols"].as_array().unwrap().clone();
            proptest::sample::select(symbols).boxed()
        }
        "array" => proptest::collection::vec(any_value(&schema["items"], names), 0..4)
            .prop_map(Value::from)
            .boxed(),
        "record" => schema["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| {
                let name = field["name"].as_str().unwrap().to_owned();
                any_value(&field["type"], names).prop_map(move |value| (name.clone(), value))
            })
            .collect::<Vec<_>>()
            .prop_map(|fields| fields.into_iter().collect())
            .boxed(),
        name => any_value(&names[name], names),
    }
}

proptest! {
    #[test]
    fn apache_avro_reads_what_we_write_and_writes_the_same_bytes((schema, json) in any_event()) {
        let (encoder, decoder) = codec();
        let event = (schema.reader.json)(json.clone()).unwrap();
        let frame = encoder.encode(&event);
        prop_assert_eq!(reference_json(&frame, schema.event_type), json.clone());
        let reference = reference_frame(id_of(schema), &schema_of(schema.event_type), &json);
        prop_assert_eq!(&frame, &reference);
        prop_assert_eq!(decoder.decode_known(&reference), Some(Ok(event)));
    }

    #[test]
    fn any_bytes_are_an_event_or_poison(schema in proptest::sample::select(SCHEMAS), datum in any::<Vec<u8>>()) {
        let (_, decoder) = codec();
        let mut frame = frame_header(id_of(&schema));
        frame.extend(datum);
        let decoded = decoder.decode_known(&frame).unwrap();
        prop_assert!(matches!(decoded, Ok(_) | Err(DecodeError::Poison(_))));
    }
}
