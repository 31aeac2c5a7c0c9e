use std::borrow::Cow;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use souk_documents::Category;
use souk_runtime::{Poison, Record};
use souk_schemas::{Event, TaxonomyEvent};
use uuid::Uuid;

use crate::records;

/// The write side allows no cycle and no such depth; a bound keeps a damaged tree from hanging the reader.
const MAX_DEPTH: usize = 64;

/// The category tree.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Taxonomy {
    sequence: u64,
    nodes: HashMap<Uuid, Node>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Node {
    parent: Option<Uuid>,
    name: Box<str>,
    /// Sequence of the last event that changed the path to this node: its own or one of an ancestor's.
    stamp: u64,
}

impl Taxonomy {
    /// Takes in an event of the taxonomy and returns the categories whose paths it changed.
    pub(crate) fn apply(&mut self, record: &Record<'_>) -> Result<Vec<Uuid>, Poison> {
        let Event::Taxonomy(event) = records::event(record)? else {
            return Err(records::unexpected(record));
        };
        let Some(sequence) = records::news(self.sequence, event.meta())? else {
            return Ok(Vec::new());
        };
        let changed = self.change(event);
        self.sequence = sequence;
        let subtree = match (changed, event) {
            (None, _) => Vec::new(),
            // Nothing can lie below a new category; looking for it would make reading a large tree slow.
            (Some(id), TaxonomyEvent::CategoryCreated(_)) => vec![id],
            (Some(id), _) => self.subtree(id),
        };
        for id in &subtree {
            if let Some(node) = self.nodes.get_mut(id) {
                node.stamp = sequence;
            }
        }
        Ok(subtree)
    }

    /// The path to a category, root first, and the sequence of the last event that changed it (0 when it is not known).
    pub(crate) fn path(&self, id: Uuid) -> (Vec<Category<'_>>, u64) {
        let mut path: Vec<_> = self
            .ancestry(id)
            .map(|(id, node)| Category {
                id,
                name: Cow::Borrowed(&*node.name),
            })
            .collect();
        path.reverse();
        (path, self.nodes.get(&id).map_or(0, |node| node.stamp))
    }

    fn change(&mut self, event: &TaxonomyEvent) -> Option<Uuid> {
        match event {
            TaxonomyEvent::CategoryCreated(event) => {
                let node = Node {
                    parent: event.parent_id.map(|id| id.0),
                    name: event.name.as_str().into(),
                    stamp: 0,
                };
                self.nodes.insert(event.category_id.0, node);
                Some(event.category_id.0)
            }
            TaxonomyEvent::CategoryRenamed(event) => {
                let node = self.nodes.get_mut(&event.category_id.0)?;
                if *node.name == *event.name {
                    return None;
                }
                node.name = event.name.as_str().into();
                Some(event.category_id.0)
            }
            TaxonomyEvent::CategoryMoved(event) => {
                let node = self.nodes.get_mut(&event.category_id.0)?;
                let parent = event.parent_id.map(|id| id.0);
                if node.parent == parent {
                    return None;
                }
                node.parent = parent;
                Some(event.category_id.0)
            }
            TaxonomyEvent::CategoryRetired(_) | TaxonomyEvent::CategoryAttributesSet(_) => None,
        }
    }

    fn subtree(&self, root: Uuid) -> Vec<Uuid> {
        let is_below = |id: &Uuid| self.ancestry(*id).any(|(ancestor, _)| ancestor == root);
        let mut subtree: Vec<Uuid> = self.nodes.keys().copied().filter(is_below).collect();
        subtree.sort_unstable();
        subtree
    }

    /// The node, its parent, and so on up to the root.
    fn ancestry(&self, id: Uuid) -> impl Iterator<Item = (Uuid, &Node)> {
        let mut next = Some(id);
        let climb = move || {
            let id = next?;
            let node = self.nodes.get(&id)?;
            next = node.parent;
            Some((id, node))
        };
        std::iter::from_fn(climb).take(MAX_DEPTH)
    }
}
