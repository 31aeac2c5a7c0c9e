use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::PATIENCE;

/// Documents of an index by id, with their versions.
pub(crate) type Documents = BTreeMap<String, (u64, Value)>;

const PAGE: usize = 2_000;

/// Everything a search finds behind an alias, tombstones included.
pub(crate) async fn read_index(opensearch: &str, alias: &str) -> Documents {
    let http = reqwest::Client::new();
    let mut documents = Documents::new();
    let mut after = Value::Null;
    loop {
        let mut body = json!({"size": PAGE, "version": true, "query": {"match_all": {}}, "sort": [{"id": "asc"}]});
        if !after.is_null() {
            body["search_after"] = after;
        }
        let answer = http
            .post(format!("{opensearch}/{alias}/_search"))
            .json(&body)
            .send()
            .await
            .expect("OpenSearch answers");
        let answer: Value = answer.json().await.expect("OpenSearch answers JSON");
        let hits = answer["hits"]["hits"]
            .as_array()
            .unwrap_or_else(|| panic!("hits in {answer}"));
        for hit in hits {
            let id = hit["_id"]
                .as_str()
                .expect("a document has an id")
                .to_owned();
            documents.insert(
                id,
                (
                    hit["_version"].as_u64().expect("a version was asked for"),
                    hit["_source"].clone(),
                ),
            );
        }
        match hits.last() {
            Some(last) => after = last["sort"].clone(),
            None => return documents,
        }
    }
}

/// The first few ids that differ, in words; `None` when both are the same.
pub(crate) fn difference(expected: &Documents, found: &Documents) -> Option<String> {
    let mut differences = Vec::new();
    for (id, document) in expected {
        match found.get(id) {
            None => differences.push(format!("{id} is missing")),
            Some(other) if other != document => {
                differences.push(format!("{id} is\n  {other:?}\nand not\n  {document:?}"));
            }
            Some(_) => {}
        }
    }
    differences.extend(
        found
            .keys()
            .filter(|id| !expected.contains_key(*id))
            .map(|id| format!("{id} should not be")),
    );
    let count = differences.len();
    differences.truncate(3);
    (count > 0).then(|| {
        format!(
            "{count} of {} documents differ: {}",
            expected.len(),
            differences.join("\n")
        )
    })
}

/// Waits until `look` finds no difference any more; the last one it found is the text of the failure.
pub(crate) async fn until_same(what: &str, mut look: impl AsyncFnMut() -> Option<String>) {
    let mut last = None;
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            last = look().await;
            if last.is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    })
    .await;
    assert!(
        waited.is_ok(),
        "waited {PATIENCE:?} for {what}: {}",
        last.unwrap_or_else(|| "no look came to an end".to_owned())
    );
}
