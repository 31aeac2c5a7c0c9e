use std::collections::HashMap;

use serde::Deserialize;
use souk_domain::AggregateState;
use souk_domain::taxonomy::{CreateCategory, TAXONOMY_ID, Taxonomy};
use souk_schemas::ids::CategoryId;
use souk_store::Work;
use uuid::Uuid;

use super::Import;
use super::batch::{Item, Ledger, References};
use crate::categories::EXTERNAL_IDS;
use crate::error::CommandError;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryItem {
    external_id: String,
    name: String,
    /// May come earlier in the same request.
    #[serde(default)]
    parent_external_id: Option<String>,
}

impl Import for CategoryItem {
    const KIND: &'static str = "category";
    const IN_ONE_BATCH: bool = true;

    fn external_id(&self) -> &str {
        &self.external_id
    }

    async fn import(work: &mut Work, items: &[Self]) -> Result<Vec<Item>, CommandError> {
        // Locked before any external id is claimed, as when one category is created.
        let mut taxonomy: Taxonomy = work.load(TAXONOMY_ID).await?;
        let parents = items
            .iter()
            .filter_map(|item| item.parent_external_id.as_deref());
        let before = References::resolve(work, EXTERNAL_IDS, parents).await?;
        let names = items
            .iter()
            .map(|item| (EXTERNAL_IDS, item.external_id.trim()));
        let mut ledger = Ledger::claim(work, names.collect()).await?;
        let mut created: HashMap<&str, Uuid> = HashMap::new();
        for (place, item) in items.iter().enumerate() {
            let Some(id) = ledger.new_id(place) else {
                continue;
            };
            let parent_id = match item.parent(&before, &created) {
                Ok(parent_id) => parent_id,
                Err(error) => {
                    ledger.answer(place, Item::refused(error));
                    continue;
                }
            };
            let command = CreateCategory {
                name: item.name.clone(),
                parent_id,
            };
            match taxonomy.create_category(work.context(), CategoryId(id), &command) {
                Ok(events) => {
                    work.apply(&mut taxonomy, events);
                    created.insert(item.external_id.trim(), id);
                    ledger.answer(place, Item::created(id, taxonomy.sequence()));
                }
                Err(error) => ledger.answer(place, Item::refused(error)),
            }
        }
        if !created.is_empty() {
            work.keep(TAXONOMY_ID, &taxonomy)?;
        }
        ledger.close::<Taxonomy>(work, |_| TAXONOMY_ID).await
    }
}

impl CategoryItem {
    fn parent(
        &self,
        before: &References,
        created: &HashMap<&str, Uuid>,
    ) -> Result<Option<CategoryId>, CommandError> {
        let Some(parent) = &self.parent_external_id else {
            return Ok(None);
        };
        let id = match created.get(parent.trim()) {
            Some(id) => *id,
            None => before.require(parent, "/parent_external_id")?,
        };
        Ok(Some(CategoryId(id)))
    }
}
