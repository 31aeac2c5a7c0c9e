//! Random histories: every one possible, most of them odd.

use super::story::Story;

const DAY: i64 = 86_400_000_000;

/// A reproducible source of choices (splitmix64).
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % bound
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap()]
    }
}

#[derive(Debug, Default)]
struct Account {
    addresses: Vec<u128>,
    default: Option<u128>,
}

#[derive(Debug)]
struct Order {
    number: u128,
    buyer: u128,
    currency: &'static str,
    /// Negative for a credit, which is neither paid for nor cancelled.
    total: i64,
    refunded: i64,
    paid: bool,
    cancelled: bool,
}

const SELLERS: [u128; 2] = [1, 2];
const BUYERS: [u128; 2] = [3, 4];
const CATEGORIES: [u128; 5] = [10, 11, 12, 13, 14];
const NAMES: [&str; 4] = ["Ada", "Grace", "Edith", "Mary"];
const STREETS: [&str; 3] = ["First Street", "Second Street", "Third Street"];

/// Tells a history of `steps` steps.
pub(super) fn random_story(seed: u64, steps: usize) -> Story {
    let mut dice = Dice(seed);
    let mut story = Story::new();
    for user in SELLERS.iter().chain(&BUYERS) {
        story.registers(*user, dice.one_of(&NAMES));
    }
    let mut categories = Vec::new();
    let mut listings: Vec<(u128, u128)> = Vec::new();
    let mut orders: Vec<Order> = Vec::new();
    let mut accounts = [Account::default(), Account::default()];
    for step in 0..steps {
        // Many things happen at one moment, others weeks apart.
        let pause = dice.one_of(&[0, 0, 1, 1_000_000, DAY, 9 * DAY]);
        story.later(pause);
        match dice.below(6) {
            0 => person(&mut story, &mut dice),
            1 => category(&mut story, &mut dice, &mut categories),
            2 => listing(&mut story, &mut dice, &mut listings, step),
            3 => {
                let which = usize::try_from(dice.below(2)).unwrap();
                address(
                    &mut story,
                    &mut dice,
                    BUYERS[which],
                    &mut accounts[which],
                    step,
                );
            }
            _ => order(&mut story, &mut dice, &mut orders, step),
        }
    }
    story
}

fn person(story: &mut Story, dice: &mut Dice) {
    let user = dice.one_of(&[1, 2, 3, 4]);
    if dice.below(3) == 0 {
        story.becomes_admin(user);
    } else {
        story.is_now_called(user, dice.one_of(&NAMES));
    }
}

fn category(story: &mut Story, dice: &mut Dice, categories: &mut Vec<u128>) {
    match dice.below(3) {
        0 if categories.len() < CATEGORIES.len() => {
            let number = CATEGORIES[categories.len()];
            let parent =
                (!categories.is_empty() && dice.below(3) > 0).then(|| dice.one_of(categories));
            story.category(number, parent, dice.one_of(&NAMES));
            categories.push(number);
        }
        1 if !categories.is_empty() => {
            story.category_renamed(dice.one_of(categories), dice.one_of(&NAMES));
        }
        // Only a category with a lower number may come above: so there is no cycle.
        _ if categories.len() > 1 => {
            let index = 1 + dice.below(categories.len() as u64 - 1);
            let index = usize::try_from(index).unwrap();
            let parent = (dice.below(3) > 0).then(|| dice.one_of(&categories[..index]));
            story.category_moved(categories[index], parent);
        }
        _ => {}
    }
}

fn listing(story: &mut Story, dice: &mut Dice, listings: &mut Vec<(u128, u128)>, step: usize) {
    // Categories may be unknown, or become known only later.
    let category = (dice.below(4) > 0).then(|| dice.one_of(&CATEGORIES));
    if listings.len() < 2 || dice.below(4) == 0 {
        let (seller, number) = (dice.one_of(&SELLERS), 100 + step as u128);
        story.drafts(seller, number, category, "Lamp");
        listings.push((seller, number));
    } else {
        let (seller, number) = dice.one_of(listings);
        match dice.below(8) {
            0..=2 => story.publishes(seller, number, category, "Lamp"),
            3 => story.describes(seller, number, category, "Desk lamp"),
            4 => story.prices(seller, number, 990 + i64::try_from(step).unwrap()),
            5 => story.pauses(seller, number),
            6 => story.resumes(seller, number),
            _ => story.withdraws(seller, number),
        };
    }
}

fn address(story: &mut Story, dice: &mut Dice, user: u128, account: &mut Account, step: usize) {
    let street = dice.one_of(&STREETS);
    match dice.below(4) {
        1 if !account.addresses.is_empty() => {
            let number = dice.one_of(&account.addresses);
            story.changes_address(user, number, street, account.default.unwrap_or(number));
            account.default.get_or_insert(number);
        }
        2 if !account.addresses.is_empty() => {
            let number = dice.one_of(&account.addresses);
            story.prefers_address(user, number, street);
            account.default = Some(number);
        }
        3 if !account.addresses.is_empty() => {
            let number = dice.one_of(&account.addresses);
            account.addresses.retain(|address| *address != number);
            account.default = account.addresses.first().copied();
            story.removes_address(user, number, account.default);
        }
        _ => {
            let number = 1000 + step as u128;
            account.addresses.push(number);
            let default = *account.default.get_or_insert(number);
            story.adds_address(user, number, street, default);
        }
    }
}

fn order(story: &mut Story, dice: &mut Dice, orders: &mut Vec<Order>, step: usize) {
    if orders.len() < 2 || dice.below(4) == 0 {
        place(story, dice, orders, step);
        return;
    }
    let index = usize::try_from(dice.below(orders.len() as u64)).unwrap();
    let order = &mut orders[index];
    story.currency = order.currency;
    let Order {
        number,
        buyer,
        total,
        ..
    } = *order;
    match dice.below(4) {
        0 if !order.cancelled => {
            story.confirms(buyer, 1, number);
        }
        1 if !order.cancelled && total > 0 => {
            order.cancelled = true;
            story.cancels(buyer, 1, number, total);
        }
        2 if !order.paid && total > 0 => {
            order.paid = true;
            story
                .is_asked_to_pay(buyer, 1, number, total)
                .pays(buyer, 1, number, total);
        }
        _ if order.paid && order.refunded < total => {
            let amount =
                1 + i64::try_from(dice.below((total - order.refunded).cast_unsigned())).unwrap();
            order.refunded += amount;
            story.is_refunded(buyer, 1, number, amount);
        }
        _ => {}
    }
}

fn place(story: &mut Story, dice: &mut Dice, orders: &mut Vec<Order>, step: usize) {
    let (number, buyer) = (200 + step as u128, dice.one_of(&BUYERS));
    story.currency = dice.one_of(&["GBP", "GBP", "EUR"]);
    story.time_zone = dice.one_of(&["Europe/London", "UTC"]);
    let mut total = 100 + i64::try_from(step).unwrap();
    match dice.below(4) {
        0 => {
            total = -total;
            story.imports(buyer, 1, number, "2011-03-31T23:30:00Z", total)
        }
        1 => story.imports(buyer, 1, number, "2011-03-31T23:30:00Z", total),
        _ => story.orders(buyer, 1, number, total - 10, 10),
    };
    orders.push(Order {
        number,
        buyer,
        currency: story.currency,
        total,
        refunded: 0,
        paid: false,
        cancelled: false,
    });
}
