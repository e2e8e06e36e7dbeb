use unlazy::{Entity, Unloaded};

fn main() {}

#[derive(Entity)]
struct Recipe<Ingredients = Unloaded> {
    #[entity(primary_key)]
    id: i64,
    #[entity(many_to_many(Ingredient, through = Step(recipe_id, ingredient_id)))]
    ingredients: Ingredients,
}

#[derive(Entity)]
struct Ingredient {
    #[entity(primary_key)]
    id: i64,
}

#[derive(Entity)]
struct Step {
    #[entity(primary_key)]
    recipe_id: i64,
    #[entity(primary_key)]
    position: i32,
    ingredient_id: i64,
    note: Option<String>,
}

fn add(recipe: Recipe) {
    Recipe::INGREDIENTS.add(&recipe, [1, 2]);
}

fn insert(recipe: NewRecipe) {
    recipe.with(Recipe::INGREDIENTS.insert([1, 2], |_, id| NewIngredient { id }));
}

fn remove(recipe: Recipe) {
    let _ = Recipe::INGREDIENTS.remove(&recipe, [1, 2]);
}
