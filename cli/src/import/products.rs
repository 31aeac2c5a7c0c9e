//! A product catalogue, one JSON object a line, as listings of one shop. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufRead},
};

use serde::Deserialize;

use super::retail::Refused;

pub(crate) const CURRENCY: &str = "EUR";
/// No line of such a file is longer; a file without line ends must not fill the memory.
const LONGEST_LINE: u64 = 1 << 20;

/// What a file of products says.
#[derive(Debug, Default)]
pub(crate) struct Products {
    pub(crate) num_lines: u64,
    pub(crate) items: Vec<Product>,
    pub(crate) refused: Refused,
}

/// One line. Fields that are not listed here are passed over.
#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Product {
    #[serde(rename = "product_id")]
    pub(crate) id: String,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) brand: Option<String>,
    #[serde(default, rename = "product_type")]
    pub(crate) kind: Option<String>,
    /// Cents.
    pub(crate) price: i64,
    #[serde(default)]
    pub(crate) attributes: Vec<String>,
    #[serde(default)]
    pub(crate) facets: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) ean: Vec<String>,
}

impl Product {
    /// Name and value pairs: the facets, attributes that no facet names, and article numbers.
    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        let mut pairs: Vec<(&str, &str)> = self
            .facets
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let named: BTreeSet<&str> = self.facets.values().map(String::as_str).collect();
        let unnamed = self
            .attributes
            .iter()
            .map(String::as_str)
            .filter(|value| !named.contains(value));
        pairs.extend(unnamed.map(|value| ("feature", value)));
        pairs.extend(self.ean.iter().map(|number| ("ean", number.as_str())));
        pairs.retain(|(name, value)| !name.trim().is_empty() && !value.trim().is_empty());
        pairs
    }

    /// The category, where the product names one.
    pub(crate) fn category(&self) -> Option<&str> {
        self.kind
            .as_deref()
            .map(str::trim)
            .filter(|name| !name.is_empty())
    }
}

/// Reads a whole file. A line that is not a product is refused with its number and the rest goes on; so is a repeated `product_id`.
pub(crate) fn read_products(mut input: impl BufRead) -> io::Result<Products> {
    let mut read = Products::default();
    let mut seen = BTreeSet::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let length = io::Read::take(&mut input, LONGEST_LINE).read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        read.num_lines += 1;
        match parse(&line) {
            Ok(product) if !seen.insert(product.id.clone()) => {
                read.refused
                    .add(number, format!("product_id {:?} came before", product.id));
            }
            Ok(product) => read.items.push(product),
            Err(reason) => read.refused.add(number, reason),
        }
    }
    Ok(read)
}

fn parse(line: &[u8]) -> Result<Product, String> {
    let product: Product =
        serde_json::from_slice(line).map_err(|error| format!("not a product: {error}"))?;
    if product.id.trim().is_empty() || product.id.len() > 150 {
        return Err("product_id is empty or longer than 150 bytes".to_owned());
    }
    Ok(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_keeps_facets_other_attributes_and_article_numbers() {
        let line = br#"{"product_id":"7","title":"Toner","price":4995,"product_type":"","facets":{"type":"Original"},"attributes":["Original","Laser"],"ean":["0095205603217"],"name":"x"}"#;
        let product = parse(line).unwrap();
        assert_eq!(
            product.pairs(),
            [
                ("type", "Original"),
                ("feature", "Laser"),
                ("ean", "0095205603217")
            ]
        );
        assert_eq!(product.category(), None);
    }

    #[test]
    fn lines_that_are_no_products_are_refused_with_their_numbers() {
        let file = b"{\"product_id\":\"1\",\"title\":\"a\",\"price\":1}\nnonsense\n\n{\"product_id\":\"1\",\"title\":\"b\",\"price\":2}\n{\"product_id\":\"2\",\"title\":\"c\",\"price\":\"1\"}\n";
        let read = read_products(&file[..]).unwrap();
        let refused: Vec<u64> = read.refused.lines.iter().map(|line| line.line).collect();
        assert_eq!((read.items.len(), refused), (1, vec![2, 4, 5]));
    }
}
