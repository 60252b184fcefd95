//! What an inspection examines, in the three languages.

/// A language of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Ko,
    En,
    Ja,
}

/// How grave a weakness is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    High,
    Medium,
    Low,
}

/// One examined item; texts are Korean, English, Japanese.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: &'static str,
    pub(super) level: Level,
    category: &'static [&'static str; 3],
    name: [&'static str; 3],
    remedy: [&'static str; 3],
}

impl Language {
    /// Reads the query; Korean where it names nothing else.
    pub(super) fn read(text: Option<&str>) -> Self {
        match text {
            Some("EN") => Self::En,
            Some("JA") => Self::Ja,
            _ => Self::Ko,
        }
    }

    fn of<'a>(self, texts: &[&'a str; 3]) -> &'a str {
        let [ko, en, ja] = *texts;
        match self {
            Self::Ko => ko,
            Self::En => en,
            Self::Ja => ja,
        }
    }
}

impl Level {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::High => "H",
            Self::Medium => "M",
            Self::Low => "L",
        }
    }

    pub(super) fn name(self, language: Language) -> &'static str {
        language.of(match self {
            Self::High => &["상", "High", "高"],
            Self::Medium => &["중", "Medium", "中"],
            Self::Low => &["하", "Low", "低"],
        })
    }
}

impl Item {
    pub(super) fn category(&self, language: Language) -> &'static str {
        language.of(self.category)
    }

    pub(super) fn name(&self, language: Language) -> &'static str {
        language.of(&self.name)
    }

    /// How to fix the weakness, as HTML with line breaks.
    pub(super) fn remedy(&self, language: Language) -> &'static str {
        language.of(&self.remedy)
    }
}

const ACCOUNTS: &[&str; 3] = &["1. 계정 관리", "1. Account management", "1. アカウント管理"];
const FILES: &[&str; 3] =
    &["2. 파일 및 디렉터리 관리", "2. File and directory management", "2. ファイルおよびディレクトリ管理"];
const SERVICES: &[&str; 3] = &["3. 서비스 관리", "3. Service management", "3. サービス管理"];
const LOGS: &[&str; 3] = &["4. 로그 관리", "4. Log management", "4. ログ管理"];

const fn item(
    id: &'static str,
    level: Level,
    category: &'static [&'static str; 3],
    name: [&'static str; 3],
    remedy: [&'static str; 3],
) -> Item {
    Item { id, level, category, name, remedy }
}

/// The items of Linux servers.
pub(super) const LINUX: &[Item] = &[
    item(
        "U-01",
        Level::High,
        ACCOUNTS,
        ["root 계정 원격 접속 제한", "Limit the remote access of the root account", "rootアカウントのリモート接続制限"],
        [
            "/etc/ssh/sshd_config 파일 수정<br>PermitRootLogin no",
            "Edit /etc/ssh/sshd_config:<br>PermitRootLogin no",
            "/etc/ssh/sshd_configを修正<br>PermitRootLogin no",
        ],
    ),
    item(
        "U-02",
        Level::High,
        ACCOUNTS,
        ["패스워드 복잡성 설정", "Password complexity setting", "パスワードの複雑性設定"],
        [
            "/etc/security/pwquality.conf 파일 수정<br>minlen = 8",
            "Edit /etc/security/pwquality.conf:<br>minlen = 8",
            "/etc/security/pwquality.confを修正<br>minlen = 8",
        ],
    ),
    item(
        "U-03",
        Level::High,
        ACCOUNTS,
        ["계정 잠금 임계값 설정", "Account lockout threshold setting", "アカウントロックのしきい値設定"],
        [
            "/etc/security/faillock.conf 파일 수정<br>deny = 5",
            "Edit /etc/security/faillock.conf:<br>deny = 5",
            "/etc/security/faillock.confを修正<br>deny = 5",
        ],
    ),
    item(
        "U-04",
        Level::High,
        ACCOUNTS,
        ["패스워드 파일 보호", "Password file protection", "パスワードファイルの保護"],
        ["pwconv 실행", "Run pwconv", "pwconvを実行"],
    ),
    item(
        "U-05",
        Level::High,
        FILES,
        [
            "root 홈, 패스 디렉터리 권한 및 패스 설정",
            "root home, path directory permission and path setting",
            "rootホーム、パスディレクトリの権限とパス設定",
        ],
        [
            "/etc/profile의 PATH에서 \".\" 제거",
            "Take \".\" out of PATH in /etc/profile",
            "/etc/profileのPATHから「.」を削除",
        ],
    ),
    item(
        "U-06",
        Level::High,
        FILES,
        ["파일 및 디렉터리 소유자 설정", "Owners of files and directories", "ファイルとディレクトリの所有者設定"],
        [
            "find / -nouser -o -nogroup 결과의 소유자 변경",
            "Give what find / -nouser -o -nogroup lists an owner",
            "find / -nouser -o -nogroupの結果に所有者を設定",
        ],
    ),
    item(
        "U-24",
        Level::Medium,
        SERVICES,
        ["NFS 서비스 비활성화", "NFS service switched off", "NFSサービスの無効化"],
        [
            "systemctl disable --now nfs-server",
            "systemctl disable --now nfs-server",
            "systemctl disable --now nfs-server",
        ],
    ),
    item(
        "U-44",
        Level::Medium,
        ACCOUNTS,
        ["root 이외의 UID 0 금지", "No other account with UID 0", "root以外のUID 0の禁止"],
        ["usermod -u 2002 계정", "usermod -u 2002 account", "usermod -u 2002 アカウント"],
    ),
    item(
        "U-46",
        Level::Medium,
        ACCOUNTS,
        ["패스워드 최소 길이 설정", "Least length of passwords", "パスワードの最小長設定"],
        [
            "/etc/login.defs 파일 수정<br>PASS_MIN_LEN 8",
            "Edit /etc/login.defs:<br>PASS_MIN_LEN 8",
            "/etc/login.defsを修正<br>PASS_MIN_LEN 8",
        ],
    ),
    item(
        "U-54",
        Level::Low,
        ACCOUNTS,
        ["세션 타임아웃 설정", "Session timeout", "セッションタイムアウト設定"],
        ["/etc/profile 파일 수정<br>TMOUT=600", "Edit /etc/profile:<br>TMOUT=600", "/etc/profileを修正<br>TMOUT=600"],
    ),
    item(
        "U-68",
        Level::Low,
        SERVICES,
        ["로그온 시 경고 메시지 제공", "Warning at login", "ログイン時の警告メッセージ"],
        ["/etc/motd 작성", "Write /etc/motd", "/etc/motdを作成"],
    ),
    item(
        "U-72",
        Level::Low,
        LOGS,
        ["정책에 따른 시스템 로깅 설정", "System logging by policy", "ポリシーに応じたシステムログ設定"],
        ["/etc/rsyslog.conf 수정", "Edit /etc/rsyslog.conf", "/etc/rsyslog.confを修正"],
    ),
];

/// The items of Windows servers.
pub(super) const WINDOWS: &[Item] = &[
    item(
        "W-01",
        Level::High,
        ACCOUNTS,
        ["Administrator 계정 이름 변경", "Rename the Administrator account", "Administratorアカウント名の変更"],
        ["SECPOL.MSC > 보안 옵션", "SECPOL.MSC > Security Options", "SECPOL.MSC > セキュリティオプション"],
    ),
    item(
        "W-02",
        Level::High,
        ACCOUNTS,
        ["Guest 계정 비활성화", "Guest account switched off", "Guestアカウントの無効化"],
        ["net user guest /active:no", "net user guest /active:no", "net user guest /active:no"],
    ),
    item(
        "W-08",
        Level::High,
        SERVICES,
        ["하드디스크 기본 공유 제거", "No default shares of disks", "ハードディスクの既定共有の削除"],
        ["net share C$ /delete", "net share C$ /delete", "net share C$ /delete"],
    ),
    item(
        "W-46",
        Level::Medium,
        ACCOUNTS,
        ["계정 잠금 기간 설정", "Account lockout duration", "アカウントロック期間の設定"],
        [
            "SECPOL.MSC > 계정 잠금 정책",
            "SECPOL.MSC > Account Lockout Policy",
            "SECPOL.MSC > アカウントロックアウトポリシー",
        ],
    ),
    item(
        "W-71",
        Level::Low,
        LOGS,
        ["이벤트 로그 크기 설정", "Size of the event log", "イベントログのサイズ設定"],
        ["wevtutil sl Security /ms:10485760", "wevtutil sl Security /ms:10485760", "wevtutil sl Security /ms:10485760"],
    ),
];
