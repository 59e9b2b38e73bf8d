/** The SFU's own budgets, as refusals are counted and logged. */
export type SfuBudget = "sfuLogins"
