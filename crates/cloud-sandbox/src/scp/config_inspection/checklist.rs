//! The two checklists and their versions, as data.

/// The names of the checklists in requests.
pub(super) const BEST_PRACTICE: &str = "BP";
pub(super) const SSI: &str = "SSI";

/// One thing that is checked.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) code: &'static str,
    pub(super) layer: &'static str,
    pub(super) item: &'static str,
    pub(super) method: &'static str,
    pub(super) criteria: &'static str,
    pub(super) action: &'static str,
}

/// A version of a checklist.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) id: &'static str,
    pub(super) check_type: &'static str,
    pub(super) number: &'static str,
    pub(super) state: &'static str,
    /// How many items of the list it has: a newer version adds some at the end.
    length: usize,
}

/// Every version, oldest first. The page names one ID; the newest version of a list is the one that is in force.
pub(super) const VERSIONS: &[Version] = &[
    Version {
        id: "6f0c41f3b8b24d0f8c7d5a2e91b3640d",
        check_type: BEST_PRACTICE,
        number: "v0.9",
        state: "INACTIVE",
        length: 8,
    },
    Version {
        id: "d1873841f30c4862897d1f287a973a7f",
        check_type: BEST_PRACTICE,
        number: "v1.0",
        state: "ACTIVE",
        length: BEST_PRACTICE_ITEMS.len(),
    },
    Version {
        id: "2b9e07c5d4614f7aa5c08e3f6d1b7792",
        check_type: SSI,
        number: "v1.0",
        state: "ACTIVE",
        length: SSI_ITEMS.len(),
    },
];

impl Version {
    /// The version with this ID.
    pub(super) fn find(id: &str) -> Option<&'static Self> {
        VERSIONS.iter().find(|version| version.id == id)
    }

    /// The version of a checklist that a diagnosis uses: the one that it names, or the newest.
    pub(super) fn of(check_type: &str, id: Option<&str>) -> Option<&'static Self> {
        let own = || VERSIONS.iter().filter(|version| version.check_type == check_type);
        own().find(|version| Some(version.id) == id).or_else(|| own().next_back())
    }

    /// What is checked, in order.
    pub(super) fn items(&self) -> &'static [Item] {
        let all = items(self.check_type);
        all.get(..self.length).unwrap_or(all)
    }
}

/// The items of a checklist in its newest version; none when there is no such list.
pub(super) fn items(check_type: &str) -> &'static [Item] {
    match check_type {
        BEST_PRACTICE => BEST_PRACTICE_ITEMS,
        SSI => SSI_ITEMS,
        _ => &[],
    }
}

/// What a checklist is called.
pub(super) fn name(check_type: &str) -> String {
    format!("Sandbox {check_type} Checklist")
}

const BEST_PRACTICE_ITEMS: &[Item] = &[
    Item {
        code: "NURIBP_SCP_01.IAM_001",
        layer: "1.IAM",
        item: "1.IAM_001. The root user has no access key.",
        method: "Look for access keys of the root user.",
        criteria: "No access key belongs to the root user.",
        action: "Delete the access keys of the root user and work with an IAM user.",
    },
    Item {
        code: "NURIBP_SCP_01.IAM_002",
        layer: "1.IAM",
        item: "1.IAM_002. Users sign in with a second factor.",
        method: "Compare the users who may sign in to the console with those who have set up a second factor.",
        criteria: "Every user of the console has a second factor.",
        action: "Ask for a second factor in the sign-in policy of the account.",
    },
    Item {
        code: "NURIBP_SCP_01.IAM_003",
        layer: "1.IAM",
        item: "1.IAM_003. Access keys are renewed.",
        method: "Read the age of each access key.",
        criteria: "No access key is older than 90 days.",
        action: "Make a new access key, move programs to it, then delete the old one.",
    },
    Item {
        code: "NURIBP_SCP_01.IAM_004",
        layer: "1.IAM",
        item: "1.IAM_004. Policies grant no more than is used.",
        method: "Look for policies that allow every action on every resource.",
        criteria: "Only groups of administrators hold such a policy.",
        action: "Replace wide policies with ones that name actions and resources.",
    },
    Item {
        code: "NURIBP_SCP_02.NW_001",
        layer: "2.NETWORK",
        item: "2.NW_001. Subnets of databases are private.",
        method: "Follow the routes of the subnets that hold databases.",
        criteria: "No such subnet has a route to an internet gateway.",
        action: "Move the database to a private subnet or take the route away.",
    },
    Item {
        code: "NURIBP_SCP_02.NW_002",
        layer: "2.NETWORK",
        item: "2.NW_002. Load balancers take encrypted connections.",
        method: "List the listeners of the load balancers.",
        criteria: "Listeners that face the internet use TLS.",
        action: "Add a TLS listener with a certificate and redirect the plain one to it.",
    },
    Item {
        code: "NURIBP_SCP_02.NW_003",
        layer: "2.NETWORK",
        item: "2.NW_003. Unused public addresses are returned.",
        method: "List public addresses and what they are attached to.",
        criteria: "Each public address is attached to a resource.",
        action: "Release the addresses that nothing uses.",
    },
    Item {
        code: "NURIBP_SCP_02.NW_004",
        layer: "2.NETWORK",
        item: "2.NW_004. Ports for remote access are open to named addresses only.",
        method: "Read the inbound rules of the security groups for remote access ports.",
        criteria: "No such rule admits every address.",
        action: "Replace the source of the rule with the addresses that need access.",
    },
    Item {
        code: "NURIBP_SCP_03.STG_001",
        layer: "3.STORAGE",
        item: "3.STG_001. Buckets are not public.",
        method: "Read the access policy of each bucket.",
        criteria: "No bucket can be read without credentials.",
        action: "Turn public access off and share objects by signed links.",
    },
    Item {
        code: "NURIBP_SCP_03.STG_002",
        layer: "3.STORAGE",
        item: "3.STG_002. Volumes are encrypted.",
        method: "Read the encryption setting of each volume.",
        criteria: "Every volume is encrypted with a key of the account.",
        action: "Copy the data to an encrypted volume and delete the old one.",
    },
    Item {
        code: "NURIBP_SCP_04.LOG_001",
        layer: "4.LOGGING",
        item: "4.LOG_001. The audit trail is on.",
        method: "Look for a trail that covers all regions.",
        criteria: "One trail stores events of all regions.",
        action: "Create a trail and store it in a bucket of its own.",
    },
    Item {
        code: "NURIBP_SCP_04.LOG_002",
        layer: "4.LOGGING",
        item: "4.LOG_002. Logs are kept long enough.",
        method: "Read how long each log group keeps its entries.",
        criteria: "Entries are kept for a year or longer.",
        action: "Raise the retention of the log group.",
    },
];

const SSI_ITEMS: &[Item] = &[
    Item {
        code: "NURISSI_SCP_01.ACC_001",
        layer: "1.ACCOUNT",
        item: "1.ACC_001. Accounts of people who left are closed.",
        method: "Compare the users with the list of employees.",
        criteria: "Each user is an employee or has an owner who is one.",
        action: "Disable the users without an owner.",
    },
    Item {
        code: "NURISSI_SCP_01.ACC_002",
        layer: "1.ACCOUNT",
        item: "1.ACC_002. Passwords are long enough.",
        method: "Read the password policy of the account.",
        criteria: "The policy asks for ten characters of three kinds or more.",
        action: "Tighten the password policy.",
    },
    Item {
        code: "NURISSI_SCP_01.ACC_003",
        layer: "1.ACCOUNT",
        item: "1.ACC_003. Sessions end when nobody uses them.",
        method: "Read the session length of the console.",
        criteria: "A session ends after 30 idle minutes or fewer.",
        action: "Shorten the session length.",
    },
    Item {
        code: "NURISSI_SCP_02.SVR_001",
        layer: "2.SERVER",
        item: "2.SVR_001. Servers run supported systems.",
        method: "Compare the images of the servers with their end of support.",
        criteria: "No server runs a system whose support has ended.",
        action: "Move the server to a supported image.",
    },
    Item {
        code: "NURISSI_SCP_02.SVR_002",
        layer: "2.SERVER",
        item: "2.SVR_002. Servers are reached by keys.",
        method: "Look for servers that allow sign-in by password.",
        criteria: "Servers allow sign-in by key only.",
        action: "Turn sign-in by password off.",
    },
    Item {
        code: "NURISSI_SCP_03.DB_001",
        layer: "3.DATABASE",
        item: "3.DB_001. Databases are backed up.",
        method: "Read the backup schedule of each database.",
        criteria: "Each database is backed up daily.",
        action: "Turn automatic backups on.",
    },
    Item {
        code: "NURISSI_SCP_03.DB_002",
        layer: "3.DATABASE",
        item: "3.DB_002. Connections to databases are encrypted.",
        method: "Read the connection settings of each database.",
        criteria: "Databases refuse connections without TLS.",
        action: "Require TLS in the parameter group.",
    },
    Item {
        code: "NURISSI_SCP_04.CRY_001",
        layer: "4.CRYPTOGRAPHY",
        item: "4.CRY_001. Keys rotate.",
        method: "Read the rotation of each key.",
        criteria: "Every symmetric key rotates at least once a year.",
        action: "Turn rotation on.",
    },
];
