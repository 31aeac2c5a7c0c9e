//! The events of the marketplace, generated from `schemas/avro` by `souk schemas generate`; do not edit.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    event::{Hidden, Reader, RegisteredSchema},
    ids::{AddressId, CategoryId, EventId, ListingId, OrderId, UserId},
    timestamp::Timestamp,
};

/// A postal address.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// Name on the label.
    pub recipient: String,
    /// Street and number.
    pub line1: String,
    /// Flat, floor, company.
    #[serde(default)]
    pub line2: Option<String>,
    /// City.
    pub city: String,
    /// State, county.
    #[serde(default)]
    pub region: Option<String>,
    /// Post code; empty where there is none.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Address")
            .field("recipient", &Hidden)
            .field("line1", &Hidden)
            .field("line2", &Hidden)
            .field("city", &Hidden)
            .field("region", &Hidden)
            .field("postal_code", &Hidden)
            .field("country", &self.country)
            .finish()
    }
}

/// An address was added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddressAdded {
    /// About the event itself.
    pub meta: EventMeta,
    /// The address.
    pub address_id: AddressId,
    /// The whole address.
    pub address: Address,
    /// The default address after this event.
    #[serde(default)]
    pub default_address_id: Option<AddressId>,
}

/// An address was corrected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddressChanged {
    /// About the event itself.
    pub meta: EventMeta,
    /// The address.
    pub address_id: AddressId,
    /// The whole address.
    pub address: Address,
    /// The default address after this event.
    #[serde(default)]
    pub default_address_id: Option<AddressId>,
}

/// An address was removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddressRemoved {
    /// About the event itself.
    pub meta: EventMeta,
    /// The address.
    pub address_id: AddressId,
    /// The default address after this event.
    #[serde(default)]
    pub default_address_id: Option<AddressId>,
}

/// One property of an item; a name may repeat with other values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// For example Colour.
    pub name: String,
    /// For example Blue.
    pub value: String,
}

/// An attribute that items of a category may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttributeDefinition {
    /// Unique within the category.
    pub name: String,
    /// How values are read.
    pub kind: AttributeKind,
    /// Unit of numbers, for example cm.
    #[serde(default)]
    pub unit: Option<String>,
    /// Of a choice; empty otherwise.
    pub allowed_values: Vec<String>,
    /// Whether buyers filter by it.
    pub facet: bool,
}

/// How values of an attribute are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AttributeKind {
    /// `text`
    #[serde(rename = "text")]
    Text,
    /// `number`
    #[serde(rename = "number")]
    Number,
    /// `choice`
    #[serde(rename = "choice")]
    Choice,
    /// `boolean`
    #[serde(rename = "boolean")]
    Boolean,
}

impl AttributeKind {
    /// Every value, in the schema's order.
    pub const ALL: [Self; 4] = [Self::Text, Self::Number, Self::Choice, Self::Boolean];

    /// The value as it is written in Avro and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Choice => "choice",
            Self::Boolean => "boolean",
        }
    }
}

/// The attributes of a category were set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryAttributesSet {
    /// About the event itself.
    pub meta: EventMeta,
    /// The category.
    pub category_id: CategoryId,
    /// All of them.
    pub attributes: Vec<AttributeDefinition>,
}

/// A category was created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryCreated {
    /// About the event itself.
    pub meta: EventMeta,
    /// The category.
    pub category_id: CategoryId,
    /// The category above; absent at the top.
    #[serde(default)]
    pub parent_id: Option<CategoryId>,
    /// 1 to 80 characters.
    pub name: String,
}

/// A category moved with everything below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryMoved {
    /// About the event itself.
    pub meta: EventMeta,
    /// The category.
    pub category_id: CategoryId,
    /// The category above; absent at the top.
    #[serde(default)]
    pub parent_id: Option<CategoryId>,
}

/// A category got another name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryRenamed {
    /// About the event itself.
    pub meta: EventMeta,
    /// The category.
    pub category_id: CategoryId,
    /// 1 to 80 characters.
    pub name: String,
}

/// A category takes no new listings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryRetired {
    /// About the event itself.
    pub meta: EventMeta,
    /// The category.
    pub category_id: CategoryId,
}

/// State of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Condition {
    /// `new`
    #[serde(rename = "new")]
    New,
    /// `like_new`
    #[serde(rename = "like_new")]
    LikeNew,
    /// `good`
    #[serde(rename = "good")]
    Good,
    /// `fair`
    #[serde(rename = "fair")]
    Fair,
    /// `for_parts`
    #[serde(rename = "for_parts")]
    ForParts,
}

impl Condition {
    /// Every value, in the schema's order.
    pub const ALL: [Self; 5] = [Self::New, Self::LikeNew, Self::Good, Self::Fair, Self::ForParts];

    /// The value as it is written in Avro and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::LikeNew => "like_new",
            Self::Good => "good",
            Self::Fair => "fair",
            Self::ForParts => "for_parts",
        }
    }
}

/// Another address became the default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DefaultAddressSet {
    /// About the event itself.
    pub meta: EventMeta,
    /// The address.
    pub address_id: AddressId,
    /// The whole address.
    pub address: Address,
    /// The default address after this event.
    #[serde(default)]
    pub default_address_id: Option<AddressId>,
}

/// What every event says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventMeta {
    /// Unique for ever; UUIDv7.
    pub event_id: EventId,
    /// The aggregate the event belongs to; also the record's key.
    pub aggregate_id: Uuid,
    /// 1 for the aggregate's first event, then without gaps.
    pub sequence: i64,
    /// When the command was decided, in microseconds since 1970-01-01 UTC.
    pub occurred_at: Timestamp,
    /// The user whose command it was; absent when the system acted.
    #[serde(default)]
    pub actor: Option<Uuid>,
    /// The same for everything that one request led to.
    pub correlation_id: Uuid,
    /// The event or command that led to this one.
    #[serde(default)]
    pub causation_id: Option<Uuid>,
}

/// What a seller says of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingDetails {
    /// 1 to 300 characters.
    pub title: String,
    /// At most 20,000 characters.
    pub description: String,
    /// A category of the taxonomy.
    #[serde(default)]
    pub category_id: Option<CategoryId>,
    /// State of the item.
    pub condition: Condition,
    /// Maker.
    #[serde(default)]
    pub brand: Option<String>,
    /// At most 256.
    pub attributes: Vec<Attribute>,
    /// Where the item is, at city level.
    #[serde(default)]
    pub place: Option<Place>,
}

/// The details changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingDetailsChanged {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who sells.
    pub seller_id: UserId,
    /// All details after this event.
    pub details: ListingDetails,
}

/// A seller wrote a listing; nobody else sees it yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingDrafted {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who sells.
    pub seller_id: UserId,
    /// All details after this event.
    pub details: ListingDetails,
    /// Price of one piece after this event.
    pub price: Money,
    /// Stock after this event.
    pub stock: Stock,
    /// The seller's own code.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// The offer is suspended by its seller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingPaused {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who sells.
    pub seller_id: UserId,
}

/// The price changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingPriceChanged {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who sells.
    pub seller_id: UserId,
    /// Price of one piece after this event.
    pub price: Money,
    /// Price before.
    pub previous_price: Money,
}

/// The listing is offered to everybody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingPublished {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who sells.
    pub seller_id: UserId,
    /// All details after this event.
    pub details: ListingDetails,
    /// Price of one piece after this event.
    pub price: Money,
    /// Stock after this event.
    pub stock: Stock,
}

/// Held pieces are free again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingReservationReleased {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who sells.
    pub seller_id: UserId,
    /// The order.
    pub order_id: OrderId,
    /// Pieces.
    pub quantity: i64,
    /// Stock after this event.
    pub stock: Stock,
}

/// Pieces are held for an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingReserved {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who sells.
    pub seller_id: UserId,
    /// The order.
    pub order_id: OrderId,
    /// Pieces.
    pub quantity: i64,
    /// Stock after this event.
    pub stock: Stock,
}

/// A paused offer stands again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingResumed {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who sells.
    pub seller_id: UserId,
}

/// Held pieces were sold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingSold {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who sells.
    pub seller_id: UserId,
    /// The order.
    pub order_id: OrderId,
    /// Pieces.
    pub quantity: i64,
    /// Stock after this event.
    pub stock: Stock,
}

/// The seller counted again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingStockAdjusted {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who sells.
    pub seller_id: UserId,
    /// Stock after this event.
    pub stock: Stock,
}

/// The offer ended for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListingWithdrawn {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who sells.
    pub seller_id: UserId,
}

/// An amount in minor units of one currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: 1250 is 12.50 in EUR.
    pub amount_minor: i64,
    /// ISO 4217, three upper-case letters.
    pub currency: String,
}

/// The order ended before it was fulfilled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderCancelled {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who buys.
    pub buyer_id: UserId,
    /// Who sells.
    pub seller_id: UserId,
    /// What the buyer pays: lines and shipping.
    pub total: Money,
    /// Why: payment_failed, buyer_cancelled, seller_cancelled, expired.
    pub reason: String,
}

/// The order is paid for or guaranteed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderConfirmed {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who buys.
    pub buyer_id: UserId,
    /// Who sells.
    pub seller_id: UserId,
}

/// An order or credit of another system was taken over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderImported {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who buys.
    pub buyer_id: UserId,
    /// Who sells.
    pub seller_id: UserId,
    /// Order or credit.
    pub kind: OrderKind,
    /// At least one.
    pub lines: Vec<OrderLine>,
    /// What the buyer pays: lines and shipping.
    pub total: Money,
    /// The buyer's, IANA name; invoices are cut by it.
    pub time_zone: String,
    /// When the order was placed, in microseconds since 1970-01-01 UTC.
    pub placed_at: Timestamp,
    /// Number of the paper there.
    pub external_id: String,
}

/// Whether an imported paper is an order or a credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OrderKind {
    /// `order`
    #[serde(rename = "order")]
    Order,
    /// `credit`
    #[serde(rename = "credit")]
    Credit,
}

impl OrderKind {
    /// Every value, in the schema's order.
    pub const ALL: [Self; 2] = [Self::Order, Self::Credit];

    /// The value as it is written in Avro and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Credit => "credit",
        }
    }
}

/// One line of an order, as it was when ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The listing.
    pub listing_id: ListingId,
    /// The seller's own code.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The listing's title then.
    pub title: String,
    /// The listing's condition then.
    #[serde(default)]
    pub condition: Option<Condition>,
    /// Exact decimal in major units, for example 2.55.
    pub unit_price: String,
    /// Pieces; negative on a credit.
    pub quantity: i64,
    /// unit_price times quantity, rounded half-up to minor units.
    pub amount: Money,
}

/// A buyer ordered from one seller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderPlaced {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who buys.
    pub buyer_id: UserId,
    /// Who sells.
    pub seller_id: UserId,
    /// At least one.
    pub lines: Vec<OrderLine>,
    /// Cost of shipping.
    pub shipping: Money,
    /// What the buyer pays: lines and shipping.
    pub total: Money,
    /// Fee of the marketplace, borne by the seller.
    pub fee: Money,
    /// Where it goes.
    #[serde(default)]
    pub address: Option<Address>,
    /// The buyer's, IANA name; invoices are cut by it.
    pub time_zone: String,
    /// When the order was placed, in microseconds since 1970-01-01 UTC.
    pub placed_at: Timestamp,
}

/// The gateway guarantees the amount.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentAuthorized {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who buys.
    pub buyer_id: UserId,
    /// Who sells.
    pub seller_id: UserId,
    /// The amount.
    pub amount: Money,
    /// The gateway's name for it.
    pub gateway_reference: String,
}

/// The amount was taken into escrow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentCaptured {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who buys.
    pub buyer_id: UserId,
    /// Who sells.
    pub seller_id: UserId,
    /// The amount.
    pub amount: Money,
    /// The gateway's name for it.
    pub gateway_reference: String,
}

/// The gateway refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentFailed {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who buys.
    pub buyer_id: UserId,
    /// Who sells.
    pub seller_id: UserId,
    /// The amount.
    pub amount: Money,
    /// The gateway's code.
    pub reason: String,
}

/// How the buyer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PaymentMethod {
    /// `credit_card`
    #[serde(rename = "credit_card")]
    CreditCard,
    /// `debit_card`
    #[serde(rename = "debit_card")]
    DebitCard,
    /// `net_banking`
    #[serde(rename = "net_banking")]
    NetBanking,
    /// `upi`
    #[serde(rename = "upi")]
    Upi,
    /// `wallet`
    #[serde(rename = "wallet")]
    Wallet,
}

impl PaymentMethod {
    /// Every value, in the schema's order.
    pub const ALL: [Self; 5] = [Self::CreditCard, Self::DebitCard, Self::NetBanking, Self::Upi, Self::Wallet];

    /// The value as it is written in Avro and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreditCard => "credit_card",
            Self::DebitCard => "debit_card",
            Self::NetBanking => "net_banking",
            Self::Upi => "upi",
            Self::Wallet => "wallet",
        }
    }
}

/// An amount went back to the buyer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentRefunded {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who buys.
    pub buyer_id: UserId,
    /// Who sells.
    pub seller_id: UserId,
    /// The amount.
    pub amount: Money,
    /// All refunds until now.
    pub refunded_total: Money,
    /// The gateway's name for it.
    pub gateway_reference: String,
}

/// The buyer was asked to pay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentRequested {
    /// About the event itself.
    pub meta: EventMeta,
    /// Who buys.
    pub buyer_id: UserId,
    /// Who sells.
    pub seller_id: UserId,
    /// The amount.
    pub amount: Money,
    /// How.
    pub method: PaymentMethod,
}

/// A place at city level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Name of the city.
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
}

/// What a user may do beyond their own things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// `buyer`
    #[serde(rename = "buyer")]
    Buyer,
    /// `seller`
    #[serde(rename = "seller")]
    Seller,
    /// `moderator`
    #[serde(rename = "moderator")]
    Moderator,
    /// `analyst`
    #[serde(rename = "analyst")]
    Analyst,
    /// `admin`
    #[serde(rename = "admin")]
    Admin,
    /// `support`
    #[serde(rename = "support")]
    Support,
}

impl Role {
    /// Every value, in the schema's order.
    pub const ALL: [Self; 6] = [Self::Buyer, Self::Seller, Self::Moderator, Self::Analyst, Self::Admin, Self::Support];

    /// The value as it is written in Avro and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Seller => "seller",
            Self::Moderator => "moderator",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
            Self::Support => "support",
        }
    }
}

/// Pieces of a listing; reserved + sold never exceed quantity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stock {
    /// Ever offered.
    pub quantity: i64,
    /// Held for orders.
    pub reserved: i64,
    /// Sold.
    pub sold: i64,
}

/// A person changed their profile; the whole profile follows.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct UserProfileChanged {
    /// About the event itself.
    pub meta: EventMeta,
    /// Case-folded.
    pub email: String,
    /// Display name.
    pub name: String,
    /// 18 to 120.
    #[serde(default)]
    pub age: Option<i32>,
    /// IANA name; invoices are cut by it.
    pub time_zone: String,
}

impl fmt::Debug for UserProfileChanged {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("UserProfileChanged")
            .field("meta", &self.meta)
            .field("email", &Hidden)
            .field("name", &Hidden)
            .field("age", &self.age)
            .field("time_zone", &self.time_zone)
            .finish()
    }
}

/// A person joined.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct UserRegistered {
    /// About the event itself.
    pub meta: EventMeta,
    /// Case-folded.
    pub email: String,
    /// Display name.
    pub name: String,
    /// 18 to 120.
    #[serde(default)]
    pub age: Option<i32>,
    /// IANA name; invoices are cut by it.
    pub time_zone: String,
    /// All roles after this event.
    pub roles: Vec<Role>,
    /// Id in the system the person was imported from.
    #[serde(default)]
    pub external_id: Option<String>,
}

impl fmt::Debug for UserRegistered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("UserRegistered")
            .field("meta", &self.meta)
            .field("email", &Hidden)
            .field("name", &Hidden)
            .field("age", &self.age)
            .field("time_zone", &self.time_zone)
            .field("roles", &self.roles)
            .field("external_id", &self.external_id)
            .finish()
    }
}

/// A role was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserRoleGranted {
    /// About the event itself.
    pub meta: EventMeta,
    /// The role.
    pub role: Role,
    /// All roles after this event.
    pub roles: Vec<Role>,
}

/// A role was taken away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserRoleRevoked {
    /// About the event itself.
    pub meta: EventMeta,
    /// The role.
    pub role: Role,
    /// All roles after this event.
    pub roles: Vec<Role>,
}

/// Everything that happens to one aggregate of type `account`.
#[derive(Clone, Debug, PartialEq)]
pub enum AccountEvent {
    /// An address was added.
    AddressAdded(AddressAdded),
    /// An address was corrected.
    AddressChanged(AddressChanged),
    /// An address was removed.
    AddressRemoved(AddressRemoved),
    /// Another address became the default.
    DefaultAddressSet(DefaultAddressSet),
}

impl AccountEvent {
    /// Returns what the event says of itself.
    pub fn meta(&self) -> &EventMeta {
        match self {
            Self::AddressAdded(event) => &event.meta,
            Self::AddressChanged(event) => &event.meta,
            Self::AddressRemoved(event) => &event.meta,
            Self::DefaultAddressSet(event) => &event.meta,
        }
    }

    /// Names the type, without namespace.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::AddressAdded(_) => "AddressAdded",
            Self::AddressChanged(_) => "AddressChanged",
            Self::AddressRemoved(_) => "AddressRemoved",
            Self::DefaultAddressSet(_) => "DefaultAddressSet",
        }
    }
}

impl From<AddressAdded> for AccountEvent {
    fn from(event: AddressAdded) -> Self {
        Self::AddressAdded(event)
    }
}

impl From<AddressChanged> for AccountEvent {
    fn from(event: AddressChanged) -> Self {
        Self::AddressChanged(event)
    }
}

impl From<AddressRemoved> for AccountEvent {
    fn from(event: AddressRemoved) -> Self {
        Self::AddressRemoved(event)
    }
}

impl From<DefaultAddressSet> for AccountEvent {
    fn from(event: DefaultAddressSet) -> Self {
        Self::DefaultAddressSet(event)
    }
}

/// Everything that happens to one aggregate of type `listing`.
#[derive(Clone, Debug, PartialEq)]
pub enum ListingEvent {
    /// The details changed.
    ListingDetailsChanged(ListingDetailsChanged),
    /// A seller wrote a listing; nobody else sees it yet.
    ListingDrafted(ListingDrafted),
    /// The offer is suspended by its seller.
    ListingPaused(ListingPaused),
    /// The price changed.
    ListingPriceChanged(ListingPriceChanged),
    /// The listing is offered to everybody.
    ListingPublished(ListingPublished),
    /// Held pieces are free again.
    ListingReservationReleased(ListingReservationReleased),
    /// Pieces are held for an order.
    ListingReserved(ListingReserved),
    /// A paused offer stands again.
    ListingResumed(ListingResumed),
    /// Held pieces were sold.
    ListingSold(ListingSold),
    /// The seller counted again.
    ListingStockAdjusted(ListingStockAdjusted),
    /// The offer ended for good.
    ListingWithdrawn(ListingWithdrawn),
}

impl ListingEvent {
    /// Returns what the event says of itself.
    pub fn meta(&self) -> &EventMeta {
        match self {
            Self::ListingDetailsChanged(event) => &event.meta,
            Self::ListingDrafted(event) => &event.meta,
            Self::ListingPaused(event) => &event.meta,
            Self::ListingPriceChanged(event) => &event.meta,
            Self::ListingPublished(event) => &event.meta,
            Self::ListingReservationReleased(event) => &event.meta,
            Self::ListingReserved(event) => &event.meta,
            Self::ListingResumed(event) => &event.meta,
            Self::ListingSold(event) => &event.meta,
            Self::ListingStockAdjusted(event) => &event.meta,
            Self::ListingWithdrawn(event) => &event.meta,
        }
    }

    /// Names the type, without namespace.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::ListingDetailsChanged(_) => "ListingDetailsChanged",
            Self::ListingDrafted(_) => "ListingDrafted",
            Self::ListingPaused(_) => "ListingPaused",
            Self::ListingPriceChanged(_) => "ListingPriceChanged",
            Self::ListingPublished(_) => "ListingPublished",
            Self::ListingReservationReleased(_) => "ListingReservationReleased",
            Self::ListingReserved(_) => "ListingReserved",
            Self::ListingResumed(_) => "ListingResumed",
            Self::ListingSold(_) => "ListingSold",
            Self::ListingStockAdjusted(_) => "ListingStockAdjusted",
            Self::ListingWithdrawn(_) => "ListingWithdrawn",
        }
    }
}

impl From<ListingDetailsChanged> for ListingEvent {
    fn from(event: ListingDetailsChanged) -> Self {
        Self::ListingDetailsChanged(event)
    }
}

impl From<ListingDrafted> for ListingEvent {
    fn from(event: ListingDrafted) -> Self {
        Self::ListingDrafted(event)
    }
}

impl From<ListingPaused> for ListingEvent {
    fn from(event: ListingPaused) -> Self {
        Self::ListingPaused(event)
    }
}

impl From<ListingPriceChanged> for ListingEvent {
    fn from(event: ListingPriceChanged) -> Self {
        Self::ListingPriceChanged(event)
    }
}

impl From<ListingPublished> for ListingEvent {
    fn from(event: ListingPublished) -> Self {
        Self::ListingPublished(event)
    }
}

impl From<ListingReservationReleased> for ListingEvent {
    fn from(event: ListingReservationReleased) -> Self {
        Self::ListingReservationReleased(event)
    }
}

impl From<ListingReserved> for ListingEvent {
    fn from(event: ListingReserved) -> Self {
        Self::ListingReserved(event)
    }
}

impl From<ListingResumed> for ListingEvent {
    fn from(event: ListingResumed) -> Self {
        Self::ListingResumed(event)
    }
}

impl From<ListingSold> for ListingEvent {
    fn from(event: ListingSold) -> Self {
        Self::ListingSold(event)
    }
}

impl From<ListingStockAdjusted> for ListingEvent {
    fn from(event: ListingStockAdjusted) -> Self {
        Self::ListingStockAdjusted(event)
    }
}

impl From<ListingWithdrawn> for ListingEvent {
    fn from(event: ListingWithdrawn) -> Self {
        Self::ListingWithdrawn(event)
    }
}

/// Everything that happens to one aggregate of type `order`.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderEvent {
    /// The order ended before it was fulfilled.
    OrderCancelled(OrderCancelled),
    /// The order is paid for or guaranteed.
    OrderConfirmed(OrderConfirmed),
    /// An order or credit of another system was taken over.
    OrderImported(OrderImported),
    /// A buyer ordered from one seller.
    OrderPlaced(OrderPlaced),
}

impl OrderEvent {
    /// Returns what the event says of itself.
    pub fn meta(&self) -> &EventMeta {
        match self {
            Self::OrderCancelled(event) => &event.meta,
            Self::OrderConfirmed(event) => &event.meta,
            Self::OrderImported(event) => &event.meta,
            Self::OrderPlaced(event) => &event.meta,
        }
    }

    /// Names the type, without namespace.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::OrderCancelled(_) => "OrderCancelled",
            Self::OrderConfirmed(_) => "OrderConfirmed",
            Self::OrderImported(_) => "OrderImported",
            Self::OrderPlaced(_) => "OrderPlaced",
        }
    }
}

impl From<OrderCancelled> for OrderEvent {
    fn from(event: OrderCancelled) -> Self {
        Self::OrderCancelled(event)
    }
}

impl From<OrderConfirmed> for OrderEvent {
    fn from(event: OrderConfirmed) -> Self {
        Self::OrderConfirmed(event)
    }
}

impl From<OrderImported> for OrderEvent {
    fn from(event: OrderImported) -> Self {
        Self::OrderImported(event)
    }
}

impl From<OrderPlaced> for OrderEvent {
    fn from(event: OrderPlaced) -> Self {
        Self::OrderPlaced(event)
    }
}

/// Everything that happens to one aggregate of type `payment`.
#[derive(Clone, Debug, PartialEq)]
pub enum PaymentEvent {
    /// The gateway guarantees the amount.
    PaymentAuthorized(PaymentAuthorized),
    /// The amount was taken into escrow.
    PaymentCaptured(PaymentCaptured),
    /// The gateway refused.
    PaymentFailed(PaymentFailed),
    /// An amount went back to the buyer.
    PaymentRefunded(PaymentRefunded),
    /// The buyer was asked to pay.
    PaymentRequested(PaymentRequested),
}

impl PaymentEvent {
    /// Returns what the event says of itself.
    pub fn meta(&self) -> &EventMeta {
        match self {
            Self::PaymentAuthorized(event) => &event.meta,
            Self::PaymentCaptured(event) => &event.meta,
            Self::PaymentFailed(event) => &event.meta,
            Self::PaymentRefunded(event) => &event.meta,
            Self::PaymentRequested(event) => &event.meta,
        }
    }

    /// Names the type, without namespace.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::PaymentAuthorized(_) => "PaymentAuthorized",
            Self::PaymentCaptured(_) => "PaymentCaptured",
            Self::PaymentFailed(_) => "PaymentFailed",
            Self::PaymentRefunded(_) => "PaymentRefunded",
            Self::PaymentRequested(_) => "PaymentRequested",
        }
    }
}

impl From<PaymentAuthorized> for PaymentEvent {
    fn from(event: PaymentAuthorized) -> Self {
        Self::PaymentAuthorized(event)
    }
}

impl From<PaymentCaptured> for PaymentEvent {
    fn from(event: PaymentCaptured) -> Self {
        Self::PaymentCaptured(event)
    }
}

impl From<PaymentFailed> for PaymentEvent {
    fn from(event: PaymentFailed) -> Self {
        Self::PaymentFailed(event)
    }
}

impl From<PaymentRefunded> for PaymentEvent {
    fn from(event: PaymentRefunded) -> Self {
        Self::PaymentRefunded(event)
    }
}

impl From<PaymentRequested> for PaymentEvent {
    fn from(event: PaymentRequested) -> Self {
        Self::PaymentRequested(event)
    }
}

/// Everything that happens to one aggregate of type `taxonomy`.
#[derive(Clone, Debug, PartialEq)]
pub enum TaxonomyEvent {
    /// The attributes of a category were set.
    CategoryAttributesSet(CategoryAttributesSet),
    /// A category was created.
    CategoryCreated(CategoryCreated),
    /// A category moved with everything below it.
    CategoryMoved(CategoryMoved),
    /// A category got another name.
    CategoryRenamed(CategoryRenamed),
    /// A category takes no new listings.
    CategoryRetired(CategoryRetired),
}

impl TaxonomyEvent {
    /// Returns what the event says of itself.
    pub fn meta(&self) -> &EventMeta {
        match self {
            Self::CategoryAttributesSet(event) => &event.meta,
            Self::CategoryCreated(event) => &event.meta,
            Self::CategoryMoved(event) => &event.meta,
            Self::CategoryRenamed(event) => &event.meta,
            Self::CategoryRetired(event) => &event.meta,
        }
    }

    /// Names the type, without namespace.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::CategoryAttributesSet(_) => "CategoryAttributesSet",
            Self::CategoryCreated(_) => "CategoryCreated",
            Self::CategoryMoved(_) => "CategoryMoved",
            Self::CategoryRenamed(_) => "CategoryRenamed",
            Self::CategoryRetired(_) => "CategoryRetired",
        }
    }
}

impl From<CategoryAttributesSet> for TaxonomyEvent {
    fn from(event: CategoryAttributesSet) -> Self {
        Self::CategoryAttributesSet(event)
    }
}

impl From<CategoryCreated> for TaxonomyEvent {
    fn from(event: CategoryCreated) -> Self {
        Self::CategoryCreated(event)
    }
}

impl From<CategoryMoved> for TaxonomyEvent {
    fn from(event: CategoryMoved) -> Self {
        Self::CategoryMoved(event)
    }
}

impl From<CategoryRenamed> for TaxonomyEvent {
    fn from(event: CategoryRenamed) -> Self {
        Self::CategoryRenamed(event)
    }
}

impl From<CategoryRetired> for TaxonomyEvent {
    fn from(event: CategoryRetired) -> Self {
        Self::CategoryRetired(event)
    }
}

/// Everything that happens to one aggregate of type `user`.
#[derive(Clone, Debug, PartialEq)]
pub enum UserEvent {
    /// A person changed their profile; the whole profile follows.
    UserProfileChanged(UserProfileChanged),
    /// A person joined.
    UserRegistered(UserRegistered),
    /// A role was given.
    UserRoleGranted(UserRoleGranted),
    /// A role was taken away.
    UserRoleRevoked(UserRoleRevoked),
}

impl UserEvent {
    /// Returns what the event says of itself.
    pub fn meta(&self) -> &EventMeta {
        match self {
            Self::UserProfileChanged(event) => &event.meta,
            Self::UserRegistered(event) => &event.meta,
            Self::UserRoleGranted(event) => &event.meta,
            Self::UserRoleRevoked(event) => &event.meta,
        }
    }

    /// Names the type, without namespace.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::UserProfileChanged(_) => "UserProfileChanged",
            Self::UserRegistered(_) => "UserRegistered",
            Self::UserRoleGranted(_) => "UserRoleGranted",
            Self::UserRoleRevoked(_) => "UserRoleRevoked",
        }
    }
}

impl From<UserProfileChanged> for UserEvent {
    fn from(event: UserProfileChanged) -> Self {
        Self::UserProfileChanged(event)
    }
}

impl From<UserRegistered> for UserEvent {
    fn from(event: UserRegistered) -> Self {
        Self::UserRegistered(event)
    }
}

impl From<UserRoleGranted> for UserEvent {
    fn from(event: UserRoleGranted) -> Self {
        Self::UserRoleGranted(event)
    }
}

impl From<UserRoleRevoked> for UserEvent {
    fn from(event: UserRoleRevoked) -> Self {
        Self::UserRoleRevoked(event)
    }
}

/// The kinds of aggregates; each has a topic of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// `account`
    Account,
    /// `listing`
    Listing,
    /// `order`
    Order,
    /// `payment`
    Payment,
    /// `taxonomy`
    Taxonomy,
    /// `user`
    User,
}

impl Aggregate {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Account, Self::Listing, Self::Order, Self::Payment, Self::Taxonomy, Self::User];

    /// The name in topics, tables and tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Listing => "listing",
            Self::Order => "order",
            Self::Payment => "payment",
            Self::Taxonomy => "taxonomy",
            Self::User => "user",
        }
    }
}

/// Any event of the marketplace.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Of one `account`.
    Account(AccountEvent),
    /// Of one `listing`.
    Listing(ListingEvent),
    /// Of one `order`.
    Order(OrderEvent),
    /// Of one `payment`.
    Payment(PaymentEvent),
    /// Of one `taxonomy`.
    Taxonomy(TaxonomyEvent),
    /// Of one `user`.
    User(UserEvent),
}

impl Event {
    /// Returns what the event says of itself.
    pub fn meta(&self) -> &EventMeta {
        match self {
            Self::Account(event) => event.meta(),
            Self::Listing(event) => event.meta(),
            Self::Order(event) => event.meta(),
            Self::Payment(event) => event.meta(),
            Self::Taxonomy(event) => event.meta(),
            Self::User(event) => event.meta(),
        }
    }

    /// Names the type, without namespace.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::Account(event) => event.event_type(),
            Self::Listing(event) => event.event_type(),
            Self::Order(event) => event.event_type(),
            Self::Payment(event) => event.event_type(),
            Self::Taxonomy(event) => event.event_type(),
            Self::User(event) => event.event_type(),
        }
    }

    /// Says which kind of aggregate it happened to.
    pub fn aggregate(&self) -> Aggregate {
        match self {
            Self::Account(_) => Aggregate::Account,
            Self::Listing(_) => Aggregate::Listing,
            Self::Order(_) => Aggregate::Order,
            Self::Payment(_) => Aggregate::Payment,
            Self::Taxonomy(_) => Aggregate::Taxonomy,
            Self::User(_) => Aggregate::User,
        }
    }

    /// Place of the event's schema in [`SCHEMAS`].
    pub fn schema_index(&self) -> usize {
        match self {
            Self::Account(AccountEvent::AddressAdded(_)) => 0,
            Self::Account(AccountEvent::AddressChanged(_)) => 1,
            Self::Account(AccountEvent::AddressRemoved(_)) => 2,
            Self::Account(AccountEvent::DefaultAddressSet(_)) => 3,
            Self::Listing(ListingEvent::ListingDetailsChanged(_)) => 4,
            Self::Listing(ListingEvent::ListingDrafted(_)) => 5,
            Self::Listing(ListingEvent::ListingPaused(_)) => 6,
            Self::Listing(ListingEvent::ListingPriceChanged(_)) => 7,
            Self::Listing(ListingEvent::ListingPublished(_)) => 8,
            Self::Listing(ListingEvent::ListingReservationReleased(_)) => 9,
            Self::Listing(ListingEvent::ListingReserved(_)) => 10,
            Self::Listing(ListingEvent::ListingResumed(_)) => 11,
            Self::Listing(ListingEvent::ListingSold(_)) => 12,
            Self::Listing(ListingEvent::ListingStockAdjusted(_)) => 13,
            Self::Listing(ListingEvent::ListingWithdrawn(_)) => 14,
            Self::Order(OrderEvent::OrderCancelled(_)) => 15,
            Self::Order(OrderEvent::OrderConfirmed(_)) => 16,
            Self::Order(OrderEvent::OrderImported(_)) => 17,
            Self::Order(OrderEvent::OrderPlaced(_)) => 18,
            Self::Payment(PaymentEvent::PaymentAuthorized(_)) => 19,
            Self::Payment(PaymentEvent::PaymentCaptured(_)) => 20,
            Self::Payment(PaymentEvent::PaymentFailed(_)) => 21,
            Self::Payment(PaymentEvent::PaymentRefunded(_)) => 22,
            Self::Payment(PaymentEvent::PaymentRequested(_)) => 23,
            Self::Taxonomy(TaxonomyEvent::CategoryAttributesSet(_)) => 24,
            Self::Taxonomy(TaxonomyEvent::CategoryCreated(_)) => 25,
            Self::Taxonomy(TaxonomyEvent::CategoryMoved(_)) => 26,
            Self::Taxonomy(TaxonomyEvent::CategoryRenamed(_)) => 27,
            Self::Taxonomy(TaxonomyEvent::CategoryRetired(_)) => 28,
            Self::User(UserEvent::UserProfileChanged(_)) => 29,
            Self::User(UserEvent::UserRegistered(_)) => 30,
            Self::User(UserEvent::UserRoleGranted(_)) => 31,
            Self::User(UserEvent::UserRoleRevoked(_)) => 32,
        }
    }

    /// Appends the event's Avro datum, written with the schema given.
    pub(crate) fn write_datum(&self, out: Vec<u8>, config: &mut serde_avro_fast::ser::SerializerConfig<'_>) -> Result<Vec<u8>, serde_avro_fast::ser::SerError> {
        match self {
            Self::Account(AccountEvent::AddressAdded(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Account(AccountEvent::AddressChanged(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Account(AccountEvent::AddressRemoved(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Account(AccountEvent::DefaultAddressSet(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Listing(ListingEvent::ListingDetailsChanged(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Listing(ListingEvent::ListingDrafted(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Listing(ListingEvent::ListingPaused(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Listing(ListingEvent::ListingPriceChanged(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Listing(ListingEvent::ListingPublished(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Listing(ListingEvent::ListingReservationReleased(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Listing(ListingEvent::ListingReserved(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Listing(ListingEvent::ListingResumed(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Listing(ListingEvent::ListingSold(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Listing(ListingEvent::ListingStockAdjusted(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Listing(ListingEvent::ListingWithdrawn(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Order(OrderEvent::OrderCancelled(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Order(OrderEvent::OrderConfirmed(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Order(OrderEvent::OrderImported(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Order(OrderEvent::OrderPlaced(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Payment(PaymentEvent::PaymentAuthorized(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Payment(PaymentEvent::PaymentCaptured(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Payment(PaymentEvent::PaymentFailed(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Payment(PaymentEvent::PaymentRefunded(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Payment(PaymentEvent::PaymentRequested(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Taxonomy(TaxonomyEvent::CategoryAttributesSet(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Taxonomy(TaxonomyEvent::CategoryCreated(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Taxonomy(TaxonomyEvent::CategoryMoved(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Taxonomy(TaxonomyEvent::CategoryRenamed(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::Taxonomy(TaxonomyEvent::CategoryRetired(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::User(UserEvent::UserProfileChanged(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::User(UserEvent::UserRegistered(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::User(UserEvent::UserRoleGranted(event)) => serde_avro_fast::to_datum(event, out, config),
            Self::User(UserEvent::UserRoleRevoked(event)) => serde_avro_fast::to_datum(event, out, config),
        }
    }
}

impl From<AccountEvent> for Event {
    fn from(event: AccountEvent) -> Self {
        Self::Account(event)
    }
}

impl From<ListingEvent> for Event {
    fn from(event: ListingEvent) -> Self {
        Self::Listing(event)
    }
}

impl From<OrderEvent> for Event {
    fn from(event: OrderEvent) -> Self {
        Self::Order(event)
    }
}

impl From<PaymentEvent> for Event {
    fn from(event: PaymentEvent) -> Self {
        Self::Payment(event)
    }
}

impl From<TaxonomyEvent> for Event {
    fn from(event: TaxonomyEvent) -> Self {
        Self::Taxonomy(event)
    }
}

impl From<UserEvent> for Event {
    fn from(event: UserEvent) -> Self {
        Self::User(event)
    }
}

/// Every schema of this build, in the order of [`Event::schema_index`].
pub const SCHEMAS: &[RegisteredSchema] = &[
    RegisteredSchema {
        aggregate: Aggregate::Account,
        event_type: "AddressAdded",
        json: include_str!("../avro/account/AddressAdded.avsc"),
        reader: Reader::of::<AccountEvent, AddressAdded>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Account,
        event_type: "AddressChanged",
        json: include_str!("../avro/account/AddressChanged.avsc"),
        reader: Reader::of::<AccountEvent, AddressChanged>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Account,
        event_type: "AddressRemoved",
        json: include_str!("../avro/account/AddressRemoved.avsc"),
        reader: Reader::of::<AccountEvent, AddressRemoved>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Account,
        event_type: "DefaultAddressSet",
        json: include_str!("../avro/account/DefaultAddressSet.avsc"),
        reader: Reader::of::<AccountEvent, DefaultAddressSet>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Listing,
        event_type: "ListingDetailsChanged",
        json: include_str!("../avro/listing/ListingDetailsChanged.avsc"),
        reader: Reader::of::<ListingEvent, ListingDetailsChanged>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Listing,
        event_type: "ListingDrafted",
        json: include_str!("../avro/listing/ListingDrafted.avsc"),
        reader: Reader::of::<ListingEvent, ListingDrafted>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Listing,
        event_type: "ListingPaused",
        json: include_str!("../avro/listing/ListingPaused.avsc"),
        reader: Reader::of::<ListingEvent, ListingPaused>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Listing,
        event_type: "ListingPriceChanged",
        json: include_str!("../avro/listing/ListingPriceChanged.avsc"),
        reader: Reader::of::<ListingEvent, ListingPriceChanged>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Listing,
        event_type: "ListingPublished",
        json: include_str!("../avro/listing/ListingPublished.avsc"),
        reader: Reader::of::<ListingEvent, ListingPublished>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Listing,
        event_type: "ListingReservationReleased",
        json: include_str!("../avro/listing/ListingReservationReleased.avsc"),
        reader: Reader::of::<ListingEvent, ListingReservationReleased>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Listing,
        event_type: "ListingReserved",
        json: include_str!("../avro/listing/ListingReserved.avsc"),
        reader: Reader::of::<ListingEvent, ListingReserved>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Listing,
        event_type: "ListingResumed",
        json: include_str!("../avro/listing/ListingResumed.avsc"),
        reader: Reader::of::<ListingEvent, ListingResumed>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Listing,
        event_type: "ListingSold",
        json: include_str!("../avro/listing/ListingSold.avsc"),
        reader: Reader::of::<ListingEvent, ListingSold>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Listing,
        event_type: "ListingStockAdjusted",
        json: include_str!("../avro/listing/ListingStockAdjusted.avsc"),
        reader: Reader::of::<ListingEvent, ListingStockAdjusted>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Listing,
        event_type: "ListingWithdrawn",
        json: include_str!("../avro/listing/ListingWithdrawn.avsc"),
        reader: Reader::of::<ListingEvent, ListingWithdrawn>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Order,
        event_type: "OrderCancelled",
        json: include_str!("../avro/order/OrderCancelled.avsc"),
        reader: Reader::of::<OrderEvent, OrderCancelled>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Order,
        event_type: "OrderConfirmed",
        json: include_str!("../avro/order/OrderConfirmed.avsc"),
        reader: Reader::of::<OrderEvent, OrderConfirmed>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Order,
        event_type: "OrderImported",
        json: include_str!("../avro/order/OrderImported.avsc"),
        reader: Reader::of::<OrderEvent, OrderImported>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Order,
        event_type: "OrderPlaced",
        json: include_str!("../avro/order/OrderPlaced.avsc"),
        reader: Reader::of::<OrderEvent, OrderPlaced>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Payment,
        event_type: "PaymentAuthorized",
        json: include_str!("../avro/payment/PaymentAuthorized.avsc"),
        reader: Reader::of::<PaymentEvent, PaymentAuthorized>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Payment,
        event_type: "PaymentCaptured",
        json: include_str!("../avro/payment/PaymentCaptured.avsc"),
        reader: Reader::of::<PaymentEvent, PaymentCaptured>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Payment,
        event_type: "PaymentFailed",
        json: include_str!("../avro/payment/PaymentFailed.avsc"),
        reader: Reader::of::<PaymentEvent, PaymentFailed>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Payment,
        event_type: "PaymentRefunded",
        json: include_str!("../avro/payment/PaymentRefunded.avsc"),
        reader: Reader::of::<PaymentEvent, PaymentRefunded>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Payment,
        event_type: "PaymentRequested",
        json: include_str!("../avro/payment/PaymentRequested.avsc"),
        reader: Reader::of::<PaymentEvent, PaymentRequested>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Taxonomy,
        event_type: "CategoryAttributesSet",
        json: include_str!("../avro/taxonomy/CategoryAttributesSet.avsc"),
        reader: Reader::of::<TaxonomyEvent, CategoryAttributesSet>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Taxonomy,
        event_type: "CategoryCreated",
        json: include_str!("../avro/taxonomy/CategoryCreated.avsc"),
        reader: Reader::of::<TaxonomyEvent, CategoryCreated>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Taxonomy,
        event_type: "CategoryMoved",
        json: include_str!("../avro/taxonomy/CategoryMoved.avsc"),
        reader: Reader::of::<TaxonomyEvent, CategoryMoved>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Taxonomy,
        event_type: "CategoryRenamed",
        json: include_str!("../avro/taxonomy/CategoryRenamed.avsc"),
        reader: Reader::of::<TaxonomyEvent, CategoryRenamed>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::Taxonomy,
        event_type: "CategoryRetired",
        json: include_str!("../avro/taxonomy/CategoryRetired.avsc"),
        reader: Reader::of::<TaxonomyEvent, CategoryRetired>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::User,
        event_type: "UserProfileChanged",
        json: include_str!("../avro/user/UserProfileChanged.avsc"),
        reader: Reader::of::<UserEvent, UserProfileChanged>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::User,
        event_type: "UserRegistered",
        json: include_str!("../avro/user/UserRegistered.avsc"),
        reader: Reader::of::<UserEvent, UserRegistered>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::User,
        event_type: "UserRoleGranted",
        json: include_str!("../avro/user/UserRoleGranted.avsc"),
        reader: Reader::of::<UserEvent, UserRoleGranted>(),
    },
    RegisteredSchema {
        aggregate: Aggregate::User,
        event_type: "UserRoleRevoked",
        json: include_str!("../avro/user/UserRoleRevoked.avsc"),
        reader: Reader::of::<UserEvent, UserRoleRevoked>(),
    },
];

/// Full name of the event type and the text of each example.
pub(crate) const EXAMPLES: &[(&str, &str)] = &[
    ("souk.account.AddressAdded", include_str!("../examples/account/AddressAdded.v1.json")),
    ("souk.account.AddressChanged", include_str!("../examples/account/AddressChanged.v1.json")),
    ("souk.account.AddressRemoved", include_str!("../examples/account/AddressRemoved.v1.json")),
    ("souk.account.DefaultAddressSet", include_str!("../examples/account/DefaultAddressSet.v1.json")),
    ("souk.listing.ListingDetailsChanged", include_str!("../examples/listing/ListingDetailsChanged.v1.json")),
    ("souk.listing.ListingDrafted", include_str!("../examples/listing/ListingDrafted.v1.json")),
    ("souk.listing.ListingPaused", include_str!("../examples/listing/ListingPaused.v1.json")),
    ("souk.listing.ListingPriceChanged", include_str!("../examples/listing/ListingPriceChanged.v1.json")),
    ("souk.listing.ListingPublished", include_str!("../examples/listing/ListingPublished.v1.json")),
    ("souk.listing.ListingReservationReleased", include_str!("../examples/listing/ListingReservationReleased.v1.json")),
    ("souk.listing.ListingReserved", include_str!("../examples/listing/ListingReserved.v1.json")),
    ("souk.listing.ListingResumed", include_str!("../examples/listing/ListingResumed.v1.json")),
    ("souk.listing.ListingSold", include_str!("../examples/listing/ListingSold.v1.json")),
    ("souk.listing.ListingStockAdjusted", include_str!("../examples/listing/ListingStockAdjusted.v1.json")),
    ("souk.listing.ListingWithdrawn", include_str!("../examples/listing/ListingWithdrawn.v1.json")),
    ("souk.order.OrderCancelled", include_str!("../examples/order/OrderCancelled.v1.json")),
    ("souk.order.OrderConfirmed", include_str!("../examples/order/OrderConfirmed.v1.json")),
    ("souk.order.OrderImported", include_str!("../examples/order/OrderImported.v1.json")),
    ("souk.order.OrderPlaced", include_str!("../examples/order/OrderPlaced.v1.json")),
    ("souk.payment.PaymentAuthorized", include_str!("../examples/payment/PaymentAuthorized.v1.json")),
    ("souk.payment.PaymentCaptured", include_str!("../examples/payment/PaymentCaptured.v1.json")),
    ("souk.payment.PaymentFailed", include_str!("../examples/payment/PaymentFailed.v1.json")),
    ("souk.payment.PaymentRefunded", include_str!("../examples/payment/PaymentRefunded.v1.json")),
    ("souk.payment.PaymentRequested", include_str!("../examples/payment/PaymentRequested.v1.json")),
    ("souk.taxonomy.CategoryAttributesSet", include_str!("../examples/taxonomy/CategoryAttributesSet.v1.json")),
    ("souk.taxonomy.CategoryCreated", include_str!("../examples/taxonomy/CategoryCreated.v1.json")),
    ("souk.taxonomy.CategoryMoved", include_str!("../examples/taxonomy/CategoryMoved.v1.json")),
    ("souk.taxonomy.CategoryRenamed", include_str!("../examples/taxonomy/CategoryRenamed.v1.json")),
    ("souk.taxonomy.CategoryRetired", include_str!("../examples/taxonomy/CategoryRetired.v1.json")),
    ("souk.user.UserProfileChanged", include_str!("../examples/user/UserProfileChanged.v1.json")),
    ("souk.user.UserRegistered", include_str!("../examples/user/UserRegistered.v1.json")),
    ("souk.user.UserRoleGranted", include_str!("../examples/user/UserRoleGranted.v1.json")),
    ("souk.user.UserRoleRevoked", include_str!("../examples/user/UserRoleRevoked.v1.json")),
];
