"""Pages: a sysctl, state, counter, fact or rule as Markdown; they feed `explain` and docs/."""
