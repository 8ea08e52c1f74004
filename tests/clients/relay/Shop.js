// What a Relay app writes; relay-compiler reads this.
import { graphql } from "relay-runtime";

export const query = graphql`
  query ShopQuery($id: Int!) {
    product(id: $id) {
      nodeId
      stock
      version
    }
  }
`;

export const category = graphql`
  query ShopCategoryQuery($id: Int!) {
    category(id: $id) {
      nodeId
      name
    }
  }
`;

export const take = graphql`
  mutation ShopTakeMutation($id: Int!, $inc: ProductInc!, $version: Int) {
    updateProduct(id: $id, inc: $inc, ifVersion: $version) {
      stock
      version
    }
  }
`;

export const create = graphql`
  mutation ShopCreateMutation($objects: [CategoryCreate!]!, $connections: [ID!]!) {
    createCategories(objects: $objects) {
      affectedRows
      returning @appendNode(connections: $connections, edgeTypeName: "CategoryEdge") {
        name
        parent {
          name
        }
      }
    }
  }
`;

export const remove = graphql`
  mutation ShopDeleteMutation($id: Int!) {
    deleteCategory(id: $id) {
      nodeId @deleteRecord
    }
  }
`;
