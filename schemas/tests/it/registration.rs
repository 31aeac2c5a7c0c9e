use serde_json::{Value, json};
use souk_schemas::{
    DecodeError, Decoder, Encoder, Registry, SCHEMAS,
    codec::{ConnectError, Malformed},
    examples,
    registry::RegistryError,
};
use souk_stack::TestStack;

#[tokio::test]
async fn registering_twice_changes_nothing() {
    let space = TestStack::get().await.space("register").await;
    let registry = Registry::new(&space.registry_url).unwrap();
    let first = registry.register_all(&space.prefix).await.unwrap();
    assert_eq!(first.schemas.len(), SCHEMAS.len());
    assert!(first.schemas.iter().all(|schema| schema.new), "{first}");
    let second = registry.register_all(&space.prefix).await.unwrap();
    assert!(second.schemas.iter().all(|schema| !schema.new), "{second}");
    let ids = |report: &souk_schemas::registry::RegistrationReport| {
        let ids = report.schemas.iter().map(|schema| schema.id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(&first), ids(&second));
}

#[tokio::test]
async fn an_encoder_says_which_schemas_are_missing() {
    let space = TestStack::get().await.space("missing").await;
    let registry = Registry::new(&space.registry_url).unwrap();
    let error = Encoder::connect(&registry, &space.prefix)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ConnectError::NotRegistered { missing, .. } if missing == SCHEMAS.len())
    );
    assert!(
        error.to_string().contains("souk schemas register"),
        "{error}"
    );
}

#[tokio::test]
async fn every_example_survives_with_the_registrys_ids() {
    let space = TestStack::get().await.space("codec").await;
    let registry = Registry::new(&space.registry_url).unwrap();
    registry.register_all(&space.prefix).await.unwrap();
    let encoder = Encoder::connect(&registry, &space.prefix).await.unwrap();
    let decoder = Decoder::new(registry);
    for event in examples() {
        let frame = encoder.encode(&event);
        assert_eq!(decoder.decode(&frame).await.as_ref(), Ok(&event));
        assert_eq!(decoder.decode_known(&frame), Some(Ok(event)));
    }
}

#[tokio::test]
async fn a_schema_the_registry_never_saw_is_poison() {
    let space = TestStack::get().await.space("unknown").await;
    let decoder = Decoder::new(Registry::new(&space.registry_url).unwrap());
    let mut frame = vec![0];
    frame.extend(1_999_999_999_u32.to_be_bytes());
    frame.push(2);
    assert_eq!(decoder.decode_known(&frame), None);
    assert_eq!(
        decoder.decode(&frame).await,
        Err(DecodeError::Poison(Malformed::UnknownSchema {
            id: 1_999_999_999
        }))
    );
}

/// The registry itself enforces what `souk schemas check` checks, against every version and in both directions.
#[tokio::test]
async fn the_registry_refuses_what_is_not_fully_compatible() {
    let space = TestStack::get().await.space("compatibility").await;
    let registry = Registry::new(&space.registry_url).unwrap();
    registry.register_all(&space.prefix).await.unwrap();
    let schema = &SCHEMAS[0];
    let subject = schema.subject(&space.prefix);
    let changed = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut json: Value = serde_json::from_str(schema.json).unwrap();
        change(json["fields"].as_array_mut().unwrap());
        json.to_string()
    };

    let without_default = changed(&|fields| fields.push(json!({ "name": "new", "type": "long" })));
    let removed = changed(&|fields| {
        fields.remove(1);
    });
    for incompatible in [without_default, removed] {
        let error = registry.register(&subject, &incompatible).await;
        assert!(
            matches!(error, Err(RegistryError::Refused { .. })),
            "{error:?}"
        );
    }

    let field =
        |kind: Value, default: Value| json!({ "name": "new", "type": kind, "default": default });
    let second = changed(&|fields| fields.push(field(json!("long"), json!(0))));
    registry.register(&subject, &second).await.unwrap();
    let third = changed(&|_| {}).replace("\"An address was added.\"", "\"Third.\"");
    registry.register(&subject, &third).await.unwrap();
    let against_the_second = changed(&|fields| fields.push(field(json!("string"), json!(""))));
    let error = registry.register(&subject, &against_the_second).await;
    assert!(
        matches!(error, Err(RegistryError::Refused { .. })),
        "{error:?}"
    );
}
