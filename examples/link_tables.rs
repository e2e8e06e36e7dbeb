//! Many to many: through a plain link table, through a link with columns of its own, both ways, and to the own table.

use orm_test::TestDb;
use unlazy::{Entity, Unloaded};

#[derive(Entity, Debug)]
#[entity(table = "recipes")]
pub struct Recipe<Ingredients = Unloaded, GoesWith = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub name: String,
    #[entity(many_to_many(Ingredient, through = Step(recipe_id, ingredient_id)))]
    pub ingredients: Ingredients,
    #[entity(many_to_many(Recipe, through = "goes_with"(recipe_id, other_id)))]
    pub goes_with: GoesWith,
}

#[derive(Entity, Debug)]
#[entity(table = "ingredients")]
pub struct Ingredient<Recipes = Unloaded> {
    #[entity(primary_key, generated)]
    pub id: i64,
    pub name: String,
    #[entity(many_to_many(Recipe, through = Step(ingredient_id, recipe_id)))]
    pub recipes: Recipes,
}

/// The link between recipes and ingredients is an entity too, since it says in which order they go into the pot.
#[derive(Entity, Debug)]
#[entity(table = "steps")]
pub struct Step {
    #[entity(primary_key)]
    pub recipe_id: i64,
    #[entity(primary_key)]
    pub position: i32,
    pub ingredient_id: i64,
}

const SCHEMA: &str = "
    CREATE TABLE recipes (id bigserial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE ingredients (id bigserial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE steps (
        recipe_id bigint REFERENCES recipes, position int, ingredient_id bigint NOT NULL REFERENCES ingredients,
        PRIMARY KEY (recipe_id, position));
    CREATE TABLE goes_with (recipe_id bigint REFERENCES recipes, other_id bigint REFERENCES recipes);
    INSERT INTO recipes (name) VALUES ('Pasta'), ('Salad'), ('Toast');
    INSERT INTO ingredients (name) VALUES ('tomatoes'), ('salt'), ('spaghetti'), ('bread');
    INSERT INTO steps VALUES (1, 1, 2), (1, 2, 3), (1, 3, 1), (2, 1, 1), (2, 2, 2), (3, 1, 4);
    INSERT INTO goes_with VALUES (1, 2), (2, 3);
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = TestDb::with_schema(SCHEMA).await?;
    let db = database.db()?;

    let recipes = Recipe::query()
        .with(Recipe::INGREDIENTS.order_by_link(Step::POSITION))
        .with(Recipe::GOES_WITH)
        .all(&db)
        .await?;
    for recipe in &recipes {
        let ingredients: Vec<&str> = recipe.ingredients.iter().map(|i| i.name.as_str()).collect();
        let others: Vec<&str> = recipe
            .goes_with
            .iter()
            .map(|other| other.name.as_str())
            .collect();
        println!(
            "{}: {} (goes with: {})",
            recipe.name,
            ingredients.join(", then "),
            others.join(", ")
        );
    }

    println!("\nby ingredient:");
    let ingredients = Ingredient::query()
        .filter(Ingredient::RECIPES.exists())
        .order_by(Ingredient::NAME)
        .with(Ingredient::RECIPES)
        .all(&db)
        .await?;
    for ingredient in &ingredients {
        let recipes: Vec<&str> = ingredient.recipes.iter().map(|r| r.name.as_str()).collect();
        println!("{}: {}", ingredient.name, recipes.join(", "));
    }

    println!("\nThe statements:");
    for statement in database.log().take() {
        println!("{}", statement.sql);
    }
    Ok(())
}
