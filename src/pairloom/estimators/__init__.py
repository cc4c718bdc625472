"""FMClassifier and FMRegressor: the scikit-learn face; `pairloom` offers them."""
