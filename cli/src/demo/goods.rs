//! What people sell in the demo marketplace. All of it is invented; brands are made up.

/// A leaf of the category tree and how its listings are made.
#[derive(Debug)]
pub(super) struct Goods {
    /// Top category.
    pub(super) department: &'static str,
    /// Leaf category.
    pub(super) category: &'static str,
    pub(super) brands: &'static [&'static str],
    pub(super) models: &'static [&'static str],
    /// Attribute name and its values; the first attribute appears in the title.
    pub(super) attributes: &'static [(&'static str, &'static [&'static str])],
    /// Price of a new piece in minor units of EUR, lowest and highest.
    pub(super) price_minor: (i64, i64),
    pub(super) remarks: &'static [&'static str],
}

pub(super) const GOODS: &[Goods] = &[
    Goods {
        department: "Clothing",
        category: "Jackets",
        brands: &[
            "Nordhavn",
            "Tarn & Fell",
            "Oakline",
            "Bravia Sport",
            "Kestrel",
        ],
        models: &[
            "rain jacket",
            "down jacket",
            "denim jacket",
            "fleece jacket",
            "bomber jacket",
            "parka",
        ],
        attributes: &[
            (
                "Colour",
                &["navy", "olive", "black", "mustard", "burgundy", "grey"],
            ),
            ("Size", &["XS", "S", "M", "L", "XL"]),
            (
                "Material",
                &["cotton", "recycled polyester", "wool blend", "nylon"],
            ),
        ],
        price_minor: (4_900, 28_900),
        remarks: &[
            "Worn one winter.",
            "All zips work.",
            "Too small for me now.",
            "Washed and ready to wear.",
        ],
    },
    Goods {
        department: "Clothing",
        category: "Shoes",
        brands: &["Halvorsen", "Pacer", "Solea", "Trailmark"],
        models: &[
            "running shoes",
            "leather boots",
            "trainers",
            "hiking boots",
            "loafers",
            "sandals",
        ],
        attributes: &[
            ("Colour", &["white", "black", "brown", "red", "teal"]),
            (
                "Shoe size",
                &["37", "38", "39", "40", "41", "42", "43", "44"],
            ),
            ("Upper", &["leather", "mesh", "suede"]),
        ],
        price_minor: (3_500, 18_000),
        remarks: &[
            "Soles hardly worn.",
            "Comes in the original box.",
            "Worn indoors twice.",
            "New laces included.",
        ],
    },
    Goods {
        department: "Clothing",
        category: "Dresses",
        brands: &["Maison Ilse", "Petalon", "Oakline", "Verano"],
        models: &[
            "summer dress",
            "wrap dress",
            "evening dress",
            "shirt dress",
            "knitted dress",
        ],
        attributes: &[
            ("Colour", &["floral", "black", "emerald", "white", "rose"]),
            ("Size", &["34", "36", "38", "40", "42"]),
            ("Material", &["linen", "silk", "viscose", "cotton"]),
        ],
        price_minor: (2_500, 16_000),
        remarks: &[
            "Bought for a wedding.",
            "Never worn, tag still on.",
            "Lovely fall, a little long for me.",
        ],
    },
    Goods {
        department: "Electronics",
        category: "Phones",
        brands: &["Auron", "Pixelar", "Nimbus", "Kite"],
        models: &["A12", "A14 Pro", "One", "Mini 5", "Fold 2", "X9"],
        attributes: &[
            ("Storage", &["64 GB", "128 GB", "256 GB", "512 GB"]),
            ("Colour", &["graphite", "silver", "mint", "blue"]),
            ("Network", &["unlocked", "locked"]),
        ],
        price_minor: (14_900, 109_900),
        remarks: &[
            "Battery health 91 %.",
            "Always in a case.",
            "A small scratch on the back.",
            "Charger included.",
        ],
    },
    Goods {
        department: "Electronics",
        category: "Laptops",
        brands: &["Fenwick", "Auron", "Lumen", "Boreas"],
        models: &["Book 13", "Book 14", "Pro 16", "Air 13", "Station 15"],
        attributes: &[
            ("Memory", &["8 GB", "16 GB", "32 GB"]),
            ("Storage", &["256 GB", "512 GB", "1 TB"]),
            ("Keyboard", &["English", "German", "French", "Nordic"]),
        ],
        price_minor: (29_900, 199_900),
        remarks: &[
            "Freshly reset.",
            "New battery fitted last year.",
            "Used for university.",
            "One dead pixel, hard to see.",
        ],
    },
    Goods {
        department: "Electronics",
        category: "Headphones",
        brands: &["Sonnet", "Kite", "Harkness", "Nimbus"],
        models: &[
            "over-ear headphones",
            "in-ear headphones",
            "studio headphones",
            "noise cancelling headphones",
        ],
        attributes: &[
            ("Colour", &["black", "cream", "blue"]),
            ("Connection", &["Bluetooth", "cable", "USB-C"]),
        ],
        price_minor: (2_900, 34_900),
        remarks: &[
            "Ear pads replaced.",
            "Case and cable included.",
            "Sounds great, upgraded to another pair.",
        ],
    },
    Goods {
        department: "Electronics",
        category: "Cameras",
        brands: &["Obscura", "Lumen", "Halide"],
        models: &[
            "mirrorless camera",
            "compact camera",
            "35 mm film camera",
            "50 mm lens",
            "instant camera",
        ],
        attributes: &[
            ("Mount", &["L", "K", "fixed lens", "M42"]),
            ("Colour", &["black", "silver"]),
        ],
        price_minor: (6_900, 149_900),
        remarks: &[
            "Shutter count below 10,000.",
            "Film tested, light seals new.",
            "Lens clean, no fungus.",
        ],
    },
    Goods {
        department: "Home",
        category: "Lamps",
        brands: &["Lysholm", "Atelier Grau", "Tolmen", "Lumen"],
        models: &[
            "desk lamp",
            "floor lamp",
            "pendant lamp",
            "bedside lamp",
            "paper lantern",
        ],
        attributes: &[
            ("Colour", &["brass", "white", "black", "green"]),
            ("Socket", &["E14", "E27", "GU10", "LED built in"]),
        ],
        price_minor: (1_500, 24_900),
        remarks: &[
            "Bulb included.",
            "From a smoke-free home.",
            "Pick-up preferred, can be posted.",
        ],
    },
    Goods {
        department: "Home",
        category: "Chairs",
        brands: &["Tolmen", "Form & Ash", "Lysholm", "Hartwig"],
        models: &[
            "dining chair",
            "armchair",
            "office chair",
            "bar stool",
            "rocking chair",
        ],
        attributes: &[
            ("Material", &["oak", "beech", "steel", "rattan", "velvet"]),
            ("Colour", &["natural", "black", "white", "green"]),
        ],
        price_minor: (3_000, 59_900),
        remarks: &[
            "Sturdy, some patina.",
            "Freshly oiled.",
            "Seat re-upholstered last year.",
        ],
    },
    Goods {
        department: "Home",
        category: "Kitchenware",
        brands: &["Bergkeramik", "Cuivre", "Hartwig", "Solfrid"],
        models: &[
            "cast iron pan",
            "teapot",
            "stand mixer",
            "chef's knife",
            "set of six plates",
            "espresso maker",
        ],
        attributes: &[
            ("Colour", &["cream", "blue", "black", "copper"]),
            (
                "Material",
                &["stoneware", "cast iron", "stainless steel", "enamel"],
            ),
        ],
        price_minor: (1_200, 39_900),
        remarks: &[
            "No chips.",
            "Well seasoned.",
            "An unwanted present.",
            "Works as it should.",
        ],
    },
    Goods {
        department: "Leisure",
        category: "Bicycles",
        brands: &["Velora", "Kestrel", "Grindstone", "Rondeau"],
        models: &[
            "city bike",
            "road bike",
            "gravel bike",
            "folding bike",
            "children's bike",
            "cargo bike",
        ],
        attributes: &[
            ("Frame size", &["48 cm", "52 cm", "54 cm", "56 cm", "58 cm"]),
            ("Colour", &["red", "racing green", "black", "sky blue"]),
            ("Brakes", &["disc", "rim", "coaster"]),
        ],
        price_minor: (9_900, 249_900),
        remarks: &[
            "Serviced in spring.",
            "New chain and pads.",
            "Light scratches on the frame.",
        ],
    },
    Goods {
        department: "Leisure",
        category: "Camping",
        brands: &["Tarn & Fell", "Nordhavn", "Trailmark"],
        models: &[
            "two-person tent",
            "sleeping bag",
            "rucksack 50 l",
            "camping stove",
            "sleeping mat",
        ],
        attributes: &[
            ("Season", &["summer", "three seasons", "winter"]),
            ("Colour", &["green", "orange", "grey"]),
        ],
        price_minor: (2_500, 44_900),
        remarks: &[
            "Used on two trips.",
            "Waterproofed again.",
            "All pegs there.",
        ],
    },
    Goods {
        department: "Leisure",
        category: "Board games",
        brands: &["Meeple Works", "Rookery Games", "Hexagon House"],
        models: &[
            "Harbour of Amber",
            "The Clockmaker",
            "Salt Road",
            "Nine Lanterns",
            "Orchard Rivals",
        ],
        attributes: &[
            ("Language", &["English", "German", "French"]),
            ("Players", &["1-4", "2", "2-6", "3-5"]),
        ],
        price_minor: (1_500, 8_900),
        remarks: &[
            "Complete, counted twice.",
            "Cards sleeved.",
            "Played three times.",
            "Still in shrink wrap.",
        ],
    },
    Goods {
        department: "Media",
        category: "Vinyl records",
        brands: &["Blue Pier", "Marble Arch Sound", "Polder Records"],
        models: &[
            "Night Ferry LP",
            "Slow Weather LP",
            "Live at the Granary 2LP",
            "Tin Roof Sessions LP",
            "Cartography EP",
        ],
        attributes: &[
            ("Genre", &["jazz", "folk", "soul", "electronic", "rock"]),
            ("Speed", &["33 rpm", "45 rpm"]),
        ],
        price_minor: (900, 7_900),
        remarks: &[
            "Sleeve with ring wear.",
            "Plays clean.",
            "First pressing.",
            "Stored upright.",
        ],
    },
    Goods {
        department: "Media",
        category: "Books",
        brands: &["Quayside Press", "Verlag Nordlicht", "Larkspur Books"],
        models: &[
            "The Lighthouse Ledger",
            "A Field Guide to Mosses",
            "Bread by Hand",
            "Small Boats",
            "Atlas of Lost Railways",
        ],
        attributes: &[
            ("Format", &["hardcover", "paperback"]),
            ("Language", &["English", "German", "French", "Spanish"]),
        ],
        price_minor: (300, 4_500),
        remarks: &[
            "No markings.",
            "A few notes in pencil.",
            "Spine uncreased.",
            "Dust jacket slightly torn.",
        ],
    },
    Goods {
        department: "Children",
        category: "Toys",
        brands: &["Holzwerk", "Little Rook", "Pomelo"],
        models: &[
            "wooden train set",
            "building blocks",
            "doll's house",
            "marble run",
            "plush fox",
        ],
        attributes: &[
            ("Age", &["1+", "3+", "5+", "8+"]),
            ("Material", &["wood", "plush", "plastic"]),
        ],
        price_minor: (800, 12_900),
        remarks: &[
            "Much loved, all pieces there.",
            "Cleaned.",
            "From a pet-free home.",
        ],
    },
];

/// City, country, latitude, longitude.
pub(super) const PLACES: &[(&str, &str, f64, f64)] = &[
    ("Berlin", "DE", 52.52, 13.405),
    ("Hamburg", "DE", 53.551, 9.994),
    ("Munich", "DE", 48.137, 11.575),
    ("Leipzig", "DE", 51.34, 12.375),
    ("Paris", "FR", 48.857, 2.352),
    ("Lyon", "FR", 45.764, 4.836),
    ("Nantes", "FR", 47.218, -1.554),
    ("Amsterdam", "NL", 52.368, 4.904),
    ("Utrecht", "NL", 52.091, 5.122),
    ("Antwerp", "BE", 51.219, 4.403),
    ("Vienna", "AT", 48.208, 16.373),
    ("Graz", "AT", 47.07, 15.44),
    ("Copenhagen", "DK", 55.676, 12.568),
    ("Aarhus", "DK", 56.163, 10.204),
    ("Lisbon", "PT", 38.722, -9.139),
    ("Porto", "PT", 41.158, -8.629),
    ("Madrid", "ES", 40.417, -3.704),
    ("Valencia", "ES", 39.47, -0.376),
    ("Milan", "IT", 45.464, 9.19),
    ("Bologna", "IT", 44.495, 11.343),
    ("Dublin", "IE", 53.35, -6.26),
    ("Helsinki", "FI", 60.17, 24.938),
];

pub(super) const FIRST_NAMES: &[&str] = &[
    "Ada", "Bruno", "Clara", "Dario", "Elin", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaia",
    "Luca", "Mira", "Nils", "Olga", "Pavel", "Quirin", "Rosa", "Sami", "Tilda", "Umar", "Vera",
    "Wanda", "Xenia", "Yara", "Zeno",
];

pub(super) const LAST_NAMES: &[&str] = &[
    "Albrecht",
    "Beaumont",
    "Carvalho",
    "Dahl",
    "Eriksen",
    "Fontaine",
    "Greco",
    "Hoffmann",
    "Ivanova",
    "Jansen",
    "Keller",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Quist",
    "Rossi",
    "Silva",
    "Tanaka",
    "Ulrich",
    "Visser",
    "Weber",
];

pub(super) const STREETS: &[&str] = &[
    "Lindenstrasse",
    "Rue des Tilleuls",
    "Kastanjelaan",
    "Via Garibaldi",
    "Calle Mayor",
    "Mill Lane",
    "Rua Nova",
];
