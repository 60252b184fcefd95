//! Rewrites tables whose cells are only divided by spaces into tables with bars; line numbers stay.

const PARAMETERS: &str = "Name Type Format Required Description";
const FIELDS: &str = "Name Format Required Description";
const COMMON: &str = "Name Type Description";
const ENDS: [&str; 5] = ["Request", "Response", "Example", "TOP", ""];

/// The lines of a page, numbered, with such tables rewritten.
pub(super) fn lines(text: &str) -> Vec<(usize, String)> {
    let mut out: Vec<(usize, String)> = Vec::new();
    let mut columns: Option<&str> = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let trimmed = line.trim();
        if let Some(header) = [PARAMETERS, FIELDS, COMMON].into_iter().find(|own| *own == trimmed) {
            columns = Some(header);
            let cells: Vec<&str> = header.split(' ').collect();
            out.push((number, format!("| {} |", cells.join(" | "))));
            out.push((number, "|---|".to_owned()));
            continue;
        }
        if ENDS.contains(&trimmed) || trimmed.starts_with(['•', '{']) {
            columns = None;
        }
        match columns.map(|columns| row(columns, trimmed)) {
            Some(Some(cells)) => out.push((number, format!("| {} |", cells.join(" | ")))),
            // The cell before goes on.
            Some(None) => {
                if let Some((_, before)) = out.last_mut() {
                    before.truncate(before.trim_end_matches([' ', '|']).len());
                    *before = format!("{before} {trimmed} |");
                }
            }
            None => out.push((number, line.to_owned())),
        }
    }
    out
}

/// The cells of a row; nothing if the line does not begin one.
fn row<'a>(columns: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut words = text.splitn(columns.split(' ').count(), ' ');
    let mut cells: Vec<&str> = words.by_ref().collect();
    let fits = match columns {
        PARAMETERS => {
            cells.len() >= 4 && matches!(cells[1], "URL" | "Query" | "Header") && matches!(cells[3], "O" | "X")
        }
        FIELDS => cells.len() >= 3 && matches!(cells[2], "O" | "X"),
        _ => cells.len() >= 2 && matches!(cells[1], "Object" | "Boolean" | "Integer" | "String"),
    };
    cells.resize(columns.split(' ').count(), "");
    fits.then_some(cells)
}
