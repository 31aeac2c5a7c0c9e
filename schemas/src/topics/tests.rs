use super::*;
use crate::Aggregate;

#[test]
fn the_catalogue_of_this_build_makes_sense() {
    assert_eq!(Catalogue::bundled().problems(), Vec::<String>::new());
}

#[test]
fn every_aggregate_has_its_topic() {
    let catalogue = Catalogue::bundled();
    for aggregate in Aggregate::ALL {
        let topic = aggregate.topic("");
        assert!(
            catalogue.topics.iter().any(|known| known.name == topic),
            "{topic}"
        );
    }
}

#[test]
fn contradictions_are_all_named() {
    let mut catalogue = Catalogue::bundled();
    catalogue.topics[0].schemas.remove(0);
    catalogue.topics[0]
        .schemas
        .push("souk.user.UserCloned".to_owned());
    catalogue.topics[1].partitions = 12;
    catalogue.topics[2].cleanup = Cleanup::Compact;
    catalogue.topics[2].retention = Retention::For(Duration::from_mins(1));
    catalogue.topics[3].owner.clear();
    let twice = catalogue.topics[4].clone();
    catalogue.topics.push(twice);
    let problems = catalogue.problems().join("\n");
    for expected in [
        "lists souk.user.UserCloned, which does not exist",
        "souk.user.UserProfileChanged is in no topic",
        "different numbers of partitions: {6, 12}",
        "souk.taxonomy.events.v1 is compacted",
        "souk.listing.events.v1 lacks its doc, owner or key",
        "souk.order.events.v1 is listed twice",
        "souk.order.OrderPlaced is listed twice",
    ] {
        assert!(problems.contains(expected), "{expected} not in\n{problems}");
    }
}

#[test]
fn unknown_fields_are_refused() {
    let error = Catalogue::parse(
        "max_record_bytes: 1\ndead_letters: {partitions: 1, retention: 1d, color: red}\ntopics: []",
    );
    assert!(error.unwrap_err().to_string().contains("color"));
}

#[test]
fn each_processor_has_dead_letters_beside_its_source() {
    let wanted = Catalogue::bundled().wanted("t1-");
    let topic = |name: &str| wanted.iter().find(|topic| topic.name == name).unwrap();
    let dead = topic("t1-souk.listing.events.v1.catalog.dlq");
    assert_eq!(dead.partitions, 1);
    assert_eq!(dead.configs["retention.ms"], "-1");
    assert_eq!(dead.configs["max.message.bytes"], "20971520");
    let progress = topic("t1-souk.processors.progress.v1");
    assert_eq!(progress.configs["retention.ms"], "900000");
    assert_eq!(progress.configs["segment.ms"], "300000");
    assert_eq!(
        wanted
            .iter()
            .filter(|topic| topic.name.starts_with("t1-souk.processors"))
            .count(),
        1
    );
}

#[test]
fn retention_is_read_and_written() {
    for (text, millis) in [
        ("forever", "-1"),
        ("15m", "900000"),
        ("7d", "604800000"),
        ("90s", "90000"),
    ] {
        let retention = Retention::try_from(text.to_owned()).unwrap();
        assert_eq!(retention.millis(), millis);
        assert_eq!(String::from(retention), text);
    }
    for text in ["", "m", "15", "-1d", "1.5h", "0s", "15mm", "never"] {
        assert!(Retention::try_from(text.to_owned()).is_err(), "{text}");
    }
}
